"""The release of the code, compared with the one that migrated the database."""

from collections.abc import Iterable

from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

WHAT_TO_DO = (
    "An older release must not run on it. Restore the backup that was made before the upgrade, or check out the newer "
    "release again."
)


def newer_migrations() -> list[str]:
    """Return the migrations of a newer release that the database has. It is empty if the database does not answer."""
    try:
        return newer_among(MigrationRecorder(connection).applied_migrations())
    except Error:
        return []


def newer_among(applied: Iterable[tuple[str, str]]) -> list[str]:
    """Return the migrations of a newer release among those that were applied, given by app and name.

    They are compared by their numbers, so old ones that were squashed since are not taken for new ones.
    """
    newest: dict[str, str] = {}
    for app, name in MigrationLoader(None).disk_migrations:
        newest[app] = max(newest.get(app, ""), _number(name))
    return sorted(f"{app}.{name}" for app, name in applied if _number(name) > newest.get(app, "A"))


def problem() -> str:
    """Return why this release must not run on the database, or an empty string."""
    newer = newer_migrations()
    return f"The database was migrated by a newer release ({newer[-1]}). {WHAT_TO_DO}" if newer else ""


def _number(name: str) -> str:
    return name.partition("_")[0]
