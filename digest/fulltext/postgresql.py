"""The words of all papers in PostgreSQL: generated tsvector columns with one GIN index.

They are read by a configuration of our own: English, and no word is left out, since “chain of thought” has an “of”.
"""

import unicodedata
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from digest.fulltext.asking import Ask
from digest.matching import stem

INDEX = "digest_paper_words"
_COLUMNS = {"title": "words_in_title", "text": "words_in_text", "facets": "words_in_facets"}
_READ_BY = {"title": "digest_words", "text": "digest_words", "facets": "simple"}
EUROPEAN, LATIN = range(0xC0, 0x180), range(0xC0, 0x2000)  # the letters of texts, and of names
LONGEST = 100_000  # characters of a text that are read: a tsvector holds a megabyte
_STEMMER, _READER = "digest_stems", "digest_words"
_WORDS = "asciiword, word, numword, asciihword, hword, numhword, hword_asciipart, hword_part, hword_numpart"


def query(asks: list[Ask], without: list[Ask]) -> tuple[str, list[Any]]:
    """SQL that takes its values, then the least votes and the limit."""
    wanted, unwanted = _by_column(asks), _by_column(without)
    exclusions = "".join(f" AND NOT {condition}" for condition, _ in unwanted)
    sql = (
        f"SELECT id FROM digest_paper WHERE ({' OR '.join(condition for condition, _ in wanted)}){exclusions} "  # noqa: S608
        "AND NOT is_hidden AND votes >= %s ORDER BY id DESC LIMIT %s"
    )
    return sql, [value for _, value in (*wanted, *unwanted)]


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


def _by_column(asks: list[Ask]) -> list[tuple[str, str]]:
    """A condition for each column, and what it asks for: any of those `asks`."""
    places = dict.fromkeys(ask.where for ask in asks)
    return [(_condition(where), " | ".join(_tsquery(ask) for ask in asks if ask.where == where)) for where in places]


def _condition(where: str) -> str:
    return f"{_COLUMNS[where]} @@ to_tsquery('{_READ_BY[where]}', %s)"


def _tsquery(ask: Ask) -> str:
    if ask.kind == "beginning":
        return f"{ask.words[0]}:*"
    operator = " <-> " if ask.kind == "row" else " & "
    return f"({operator.join(_forms(word, ask.where) for word in ask.words)})"


def _forms(word: str, where: str) -> str:
    """A word in one and in many: the dictionary does not know llms for the plural of llm."""
    forms = dict.fromkeys((word, stem(word), f"{stem(word)}s")) if where != "facets" else (word,)
    return f"({' | '.join(forms)})"
