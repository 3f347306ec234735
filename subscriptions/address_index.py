"""Indexes for searching large tables of readers by a part of an address or of their own words.

`manage.py index_addresses` creates them. They are on PostgreSQL only, and optional: a search without them reads all
rows, and an import with them takes longer.
"""

from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import CharField, F, Func
from django.db.models.functions import Collate, Lower

NAME, WORDS = "subscriber_address_part", "filter_words_part"
WORTHWHILE = 200_000  # readers

# The indexed expression. PostgreSQL lowers ASCII in half the time if it knows that it is.
LOWERED: Func = Lower(Collate(F("email"), "C"), output_field=CharField())

_STATE = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
_INDEXES = {
    NAME: 'subscriptions_subscriber USING gin (LOWER(email COLLATE "C") gin_trgm_ops)',
    WORDS: "subscriptions_topicfilter USING gin (UPPER(words) gin_trgm_ops) WHERE NOT words = ''",
}
_IS_MISSING = """
    SELECT reltuples >= %s AND EXISTS (
        SELECT FROM unnest(%s::text[]) AS name
        WHERE NOT EXISTS (SELECT FROM pg_index WHERE indisvalid AND indexrelid = to_regclass(name))
    ) FROM pg_class WHERE oid = to_regclass('subscriptions_subscriber')
"""


class AddressIndexError(Exception):
    """The indexes can't be created. The message says why, and what to do."""


def exists(name: str = NAME) -> bool:
    """Return whether the database has this index, that of addresses by default, and has finished building it."""
    return _fetch(_STATE, [name]) is True


def is_missing() -> bool:
    """Return whether the table of readers has grown so large that the indexes are worthwhile, and one is missing."""
    if connection.vendor != "postgresql":
        return False
    return bool(_fetch(_IS_MISSING, [WORTHWHILE, list(_INDEXES)]))


def create() -> bool:
    """Create the missing indexes while the site runs. Return False if there were all. Raise AddressIndexError."""
    if connection.vendor != "postgresql":
        raise AddressIndexError("Only PostgreSQL has these indexes. SQLite needs none.")
    missing = [name for name in _INDEXES if not exists(name)]
    if not missing:
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            for name in missing:
                cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")  # of a run that was stopped
                cursor.execute(f"CREATE INDEX CONCURRENTLY {name} ON {_INDEXES[name]}")
                cursor.execute(f"ANALYZE {_INDEXES[name].split()[0]}")  # the planner asks how frequent parts are
    except DatabaseError as error:
        raise AddressIndexError(
            f"PostgreSQL refused: {str(error).strip().splitlines()[0]}. The indexes need the extension pg_trgm, which "
            "comes with PostgreSQL's contrib package. Only the owner of the database may create them."
        ) from error
    return True


def _fetch(sql: str, parameters: Sequence[str | int | list[str]]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        row = cursor.fetchone()
    return row[0] if row else None
