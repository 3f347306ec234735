"""The migrations that this version of the code needs and the database does not have yet."""

from collections.abc import Set
from functools import cache

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

Migrations = Set[tuple[str, str]]  # apps and names


def applied() -> Migrations:
    """Return the migrations that the database has."""
    return MigrationRecorder(connection).applied_migrations().keys()


def missing(present: Migrations) -> list[str]:
    """Return the names of the migrations that this version needs in addition to those that are `present`."""
    if _on_disk() <= present:
        return []
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


@cache
def _on_disk() -> frozenset[tuple[str, str]]:
    """Return all migrations of this version. Reading them takes a moment."""
    return frozenset(MigrationLoader(None).graph.nodes)
