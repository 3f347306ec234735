"""The words of all papers in PostgreSQL: generated tsvector columns with one GIN index.

They are read by a configuration of our own: English, and no word is left out, since “chain of thought” has an “of”.
"""

import unicodedata
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from digest.discovery.fulltext.asking import Ask
from digest.matching import stem

INDEX = "digest_paper_words"
_COLUMNS = {"title": "words_in_title", "text": "words_in_text", "facets": "words_in_facets"}
_READ_BY = {"title": "digest_words", "text": "digest_words", "facets": "simple"}
LOOKED_AT = 3_000  # papers
STATISTICS = 1_000  # of PostgreSQL's measure; a tenth by default
EUROPEAN, LATIN = range(0xC0, 0x180), range(0xC0, 0x2000)  # the letters of texts, and of names
LONGEST = 100_000  # characters of a text that are read: a tsvector holds a megabyte
_STEMMER, _READER = "digest_stems", "digest_words"
_WORDS = "asciiword, word, numword, asciihword, hword, numhword, hword_asciipart, hword_part, hword_numpart"


def query(asks: list[Ask], without: list[Ask], min_votes: int, limit: int) -> tuple[str, list[Any]]:
    """The statement, and its values.

    Where words must stand in a row, or be absent, it looks at the newest papers that hold all of the others: only the
    texts themselves tell, and the planner takes reading them for cheap.
    """
    anywhere = [ask._replace(kind="all") if ask.kind == "row" else ask for ask in asks]
    holding, values = _holding(anywhere)
    newest = (
        f"SELECT id, {', '.join(_COLUMNS.values())} FROM digest_paper "  # noqa: S608  # own names
        f"WHERE {holding} AND NOT is_hidden AND votes >= %s ORDER BY id DESC LIMIT %s"
    )
    exact, exact_values = _holding(asks)
    absent, absent_values = _holding(without)
    sql = f"SELECT id FROM ({newest}) newest WHERE {exact} AND NOT {absent} ORDER BY id DESC LIMIT %s"  # noqa: S608
    most = limit if anywhere == asks and not without else LOOKED_AT
    return sql, [*values, min_votes, most, *exact_values, *absent_values, limit]


def ensure(connection: BaseDatabaseWrapper) -> None:
    """Make the columns and their index where they are missing; the database fills them in, and keeps them so."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_ts_config WHERE cfgname = %s", [_READER])
        if not cursor.fetchone():
            cursor.execute(f"CREATE TEXT SEARCH DICTIONARY {_STEMMER} (TEMPLATE = snowball, LANGUAGE = english)")
            cursor.execute(f"CREATE TEXT SEARCH CONFIGURATION {_READER} (COPY = pg_catalog.english)")
            cursor.execute(f"ALTER TEXT SEARCH CONFIGURATION {_READER} ALTER MAPPING FOR {_WORDS} WITH {_STEMMER}")
        for column, expression in _EXPRESSIONS.items():
            cursor.execute(
                f"ALTER TABLE digest_paper ADD COLUMN IF NOT EXISTS {column} tsvector "
                f"GENERATED ALWAYS AS ({expression}) STORED"
            )
            # With fewer the planner takes a rare phrase for one in a hundred papers, and reads all of them for it.
            cursor.execute(f"ALTER TABLE digest_paper ALTER COLUMN {column} SET STATISTICS {STATISTICS}")
        cursor.execute(f"CREATE INDEX IF NOT EXISTS {INDEX} ON digest_paper USING gin ({', '.join(_EXPRESSIONS)})")


def _plain(text: str, letters: range) -> str:
    """`text` without the accents of `letters`; and without what PostgreSQL takes for parts of numbers, addresses and
    file names. Each letter of a text is compared with each of these."""
    bases = {chr(code): _base(chr(code)) for code in letters}
    accented = {letter: base for letter, base in bases.items() if base}
    marks = "./-_+:@&=%"
    plain = "".join(accented.values()) + " " * len(marks)
    return f"translate(left({text}, {LONGEST}), '{''.join(accented)}{marks}', '{plain}')"


def _base(letter: str) -> str:
    """The letter below an accent, else nothing."""
    first, *marks = list(unicodedata.normalize("NFKD", letter))
    return first if first.isascii() and first.isalpha() and marks and all(map(unicodedata.combining, marks)) else ""


_TITLES = "title || ' ' || keywords::text"
_TEXTS = f"{_TITLES} || ' ' || abstract"
_CATEGORIES = """replace(replace(replace(lower(categories::text), '.', '0'), '-', '9'), '"', ' cat')"""
_EXPRESSIONS = {
    "words_in_title": f"to_tsvector('{_READER}', {_plain(_TITLES, EUROPEAN)})",
    "words_in_text": f"to_tsvector('{_READER}', {_plain(_TEXTS, EUROPEAN)})",
    "words_in_facets": f"to_tsvector('simple', {_plain('authors::text', LATIN)} || ' ' || {_CATEGORIES})",
}


def remove(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for column in _EXPRESSIONS:
            cursor.execute(f"ALTER TABLE digest_paper DROP COLUMN IF EXISTS {column}")
        cursor.execute(f"DROP TEXT SEARCH CONFIGURATION IF EXISTS {_READER}")
        cursor.execute(f"DROP TEXT SEARCH DICTIONARY IF EXISTS {_STEMMER}")


def _holding(asks: list[Ask]) -> tuple[str, list[str]]:
    """A condition that a paper holds any of `asks`, and its values: one for each column that is asked."""
    places = dict.fromkeys(ask.where for ask in asks)
    conditions = [f"{_COLUMNS[where]} @@ to_tsquery('{_READ_BY[where]}', %s)" for where in places]
    values = [" | ".join(_tsquery(ask) for ask in asks if ask.where == where) for where in places]
    return f"({' OR '.join(conditions) or 'false'})", values


def _tsquery(ask: Ask) -> str:
    if ask.kind == "beginning":
        return f"{ask.words[0]}:*"
    operator = " <-> " if ask.kind == "row" else " & "
    return f"({operator.join(_forms(word, ask.where) for word in ask.words)})"


def _forms(word: str, where: str) -> str:
    """A word in one and in many: the dictionary does not know llms for the plural of llm."""
    forms = dict.fromkeys((word, stem(word), f"{stem(word)}s")) if where != "facets" else (word,)
    return f"({' | '.join(forms)})"
