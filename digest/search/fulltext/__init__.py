"""The database's own full-text search, which finds the newest papers that contain some words.

The result is a list of candidates, a few more than there are matches. `paper_search` scores them with matching.

    search_terms (query terms, pure) → sqlite (FTS5) | postgresql (tsvector) → ids of papers
"""

from types import ModuleType

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from digest.search.fulltext import postgresql, sqlite
from digest.search.fulltext.search_terms import SearchTerm

__all__ = ["SearchTerm", "ensure", "find"]


def find(asks: list[SearchTerm], *, without: list[SearchTerm], min_votes: int = 0, limit: int = 100) -> list[int]:
    """Return the ids of the newest papers that contain any of `asks` and none of `without`, without hidden papers."""
    asks, without = ([ask for ask in given if all(ask.words) and ask.words] for given in (asks, without))
    if not asks:
        return []
    with connection.cursor() as cursor:
        cursor.execute(*_dialect(connection).query(asks, without, min_votes, limit))
        return sorted((row[0] for row in cursor.fetchall()), reverse=True)


def ensure(database: BaseDatabaseWrapper) -> None:
    """Create SQLite's FTS5 table and its triggers if they are missing. PostgreSQL's columns need no upkeep."""
    if database.vendor == "sqlite":
        sqlite.ensure(database)


def _dialect(database: BaseDatabaseWrapper) -> ModuleType:
    return postgresql if database.vendor == "postgresql" else sqlite
