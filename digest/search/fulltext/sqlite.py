"""Full-text queries in SQLite: a contentless FTS5 table that triggers keep up to date."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from digest.search.fulltext.search_terms import SearchTerm

TABLE = "digest_paper_words"
_CATEGORY = "'cat' || replace(replace(lower(value), '.', '0'), '-', '9')"
_COLUMNS = {"title": "{title}", "text": "{title text}", "facets": "{facets}"}


def query(asks: list[SearchTerm], without: list[SearchTerm], min_votes: int, limit: int) -> tuple[str, list[Any]]:
    """Return the SQL statement and its parameters."""
    match = f"({' OR '.join(map(_match_expression, asks))})" + "".join(
        f" NOT {_match_expression(ask)}" for ask in without
    )
    sql = (
        f"SELECT paper.id FROM {TABLE} JOIN digest_paper paper ON paper.id = {TABLE}.rowid "  # noqa: S608  # own names
        f"WHERE {TABLE} MATCH %s AND NOT paper.is_hidden AND paper.votes >= %s ORDER BY {TABLE}.rowid DESC LIMIT %s"
    )
    return sql, [match, min_votes, limit]


def ensure(connection: BaseDatabaseWrapper) -> None:
    """Create the table and its triggers if they are missing, and index all papers.

    They are missing after a migration that alters the table of papers, because SQLite then creates that table again
    without its triggers.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s", [f"{TABLE}%"])
        if cursor.fetchone()[0] == len(_TRIGGERS):
            return
        cursor.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {TABLE} USING fts5("
            "title, text, facets, content='', tokenize='porter unicode61 remove_diacritics 2')"
        )
        for name, (event, actions) in _TRIGGERS.items():
            body = " ".join(f"{action};" for action in actions)
            cursor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_{name}")
            cursor.execute(f"CREATE TRIGGER {TABLE}_{name} AFTER {event} ON digest_paper BEGIN {body} END")
        cursor.execute(f"INSERT INTO {TABLE} ({TABLE}) VALUES ('delete-all')")  # noqa: S608
        cursor.execute(
            f"INSERT INTO {TABLE} (rowid, title, text, facets) "  # noqa: S608
            f"SELECT id, {_columns_sql('digest_paper')} FROM digest_paper"
        )


def _columns_sql(row: str) -> str:
    """Return SQL for the three columns of a paper: title with keywords, abstract, authors with categories."""

    def joined(column: str, value: str = "value") -> str:
        return f"coalesce((SELECT group_concat({value}, ' ') FROM json_each({row}.{column})), '')"  # noqa: S608

    facets = f"{joined('authors')} || ' ' || {joined('categories', _CATEGORY)}"
    return f"{row}.title || ' ' || {joined('keywords')}, {row}.abstract, {facets}"


def _delete_sql(row: str) -> str:
    return f"INSERT INTO {TABLE} ({TABLE}, rowid, title, text, facets) VALUES ('delete', {row}.id, {_columns_sql(row)})"  # noqa: S608


def _insert_sql(row: str) -> str:
    return f"INSERT INTO {TABLE} (rowid, title, text, facets) VALUES ({row}.id, {_columns_sql(row)})"  # noqa: S608


_TRIGGERS = {
    "added": ("INSERT", [_insert_sql("new")]),
    "removed": ("DELETE", [_delete_sql("old")]),
    "changed": ("UPDATE OF title, abstract, authors, categories, keywords", [_delete_sql("old"), _insert_sql("new")]),
}


def _match_expression(ask: SearchTerm) -> str:
    words = [f'"{word}"' for word in ask.words]
    if ask.kind == "row":
        return f'({_COLUMNS[ask.where]} : "{" ".join(ask.words)}")'
    if ask.kind == "beginning":
        return f"({_COLUMNS[ask.where]} : {words[0]} *)"
    return f"({_COLUMNS[ask.where]} : ({' AND '.join(words)}))"
