"""An index for searching large tables of readers by a part of an address. `manage.py index_addresses` creates it.

It is on PostgreSQL only, and optional: a search without it reads all addresses, and an import with it takes longer.
"""

from typing import Any

from django.db import DatabaseError, connection
from django.db.models import CharField, F, Func
from django.db.models.functions import Collate, Lower

NAME = "subscriber_address_part"
WORTHWHILE = 200_000  # readers

# The indexed expression. PostgreSQL lowers ASCII in half the time if it knows that it is.
LOWERED: Func = Lower(Collate(F("email"), "C"), output_field=CharField())

_STATE = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
_CREATE = (
    f'CREATE INDEX CONCURRENTLY {NAME} ON subscriptions_subscriber USING gin (LOWER(email COLLATE "C") gin_trgm_ops)'
)
_ESTIMATE = "SELECT reltuples FROM pg_class WHERE oid = to_regclass('subscriptions_subscriber')"


class AddressIndexError(Exception):
    """The index can't be created. The message says why, and what to do."""


def exists() -> bool:
    """Return whether the database has the index, and has finished building it."""
    return _fetch(_STATE, [NAME]) is True


def is_missing() -> bool:
    """Return whether the table has grown so large that the index is worthwhile, and there is none."""
    if connection.vendor != "postgresql":
        return False
    return bool(_fetch(_ESTIMATE) >= WORTHWHILE) and not exists()


def create() -> bool:
    """Create the index while the site runs. Return False if there was one. Raise AddressIndexError."""
    if connection.vendor != "postgresql":
        raise AddressIndexError("Only PostgreSQL has this index. SQLite needs none.")
    if exists():
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")  # of a run that was stopped
            cursor.execute(_CREATE)
            cursor.execute("ANALYZE subscriptions_subscriber")  # the planner needs to know how frequent parts are
    except DatabaseError as error:
        raise AddressIndexError(
            f"PostgreSQL refused: {str(error).strip().splitlines()[0]}. The index needs the extension pg_trgm, which "
            "comes with PostgreSQL's contrib package. Only the owner of the database may create both."
        ) from error
    return True


def _fetch(sql: str, parameters: list[str] | None = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        row = cursor.fetchone()
    return row[0] if row else None
