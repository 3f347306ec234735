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
LOOKED_AT = 3_000  # papers, for words in a row
NEWEST = 20_000  # papers, read one after the other at most
SAMPLE = 100  # of these
OFTEN, OFTEN_IN_A_ROW = 10, 30  # per cent of the sample: where so many hold what is asked for, reading is faster
EUROPEAN, LATIN = range(0xC0, 0x180), range(0xC0, 0x2000)  # the letters of texts, and of names
LONGEST = 100_000  # characters of a text that are read: a tsvector holds a megabyte
_STEMMER, _READER = "digest_stems", "digest_words"
_WORDS = "asciiword, word, numword, asciihword, hword, numhword, hword_asciipart, hword_part, hword_numpart"

_FIELDS = f"id, is_hidden, votes, {', '.join(_COLUMNS.values())}"
_SHOWN = "NOT is_hidden AND votes >= %(votes)s"
# Of the two that are united one is never begun. By a LIMIT or an OFFSET each SELECT is planned as it stands.
_STATEMENT = f"""
    WITH sample AS MATERIALIZED (
        SELECT coalesce(avg(CASE WHEN {{holding}} AND {_SHOWN} THEN 100 ELSE 0 END), 0) AS held FROM digest_paper
        WHERE id IN (
            SELECT newest - step * %(step)s
            FROM (SELECT max(id) AS newest FROM digest_paper) ids, generate_series(0, %(steps)s) step
        )
    )
    (SELECT id FROM (
        SELECT * FROM (SELECT {_FIELDS} FROM digest_paper ORDER BY id DESC LIMIT %(newest)s) newest
        WHERE (SELECT held FROM sample) >= %(often)s AND {{holding}} AND {_SHOWN} LIMIT %(most)s
    ) candidates WHERE {{wanted}} LIMIT %(limit)s)
    UNION ALL
    (SELECT id FROM (
        SELECT * FROM (
            SELECT {_FIELDS} FROM digest_paper
            WHERE (SELECT held FROM sample) < %(often)s AND {{holding}} AND {_SHOWN} OFFSET 0
        ) indexed ORDER BY id DESC LIMIT %(most)s
    ) candidates WHERE {{wanted}} LIMIT %(limit)s)
"""  # noqa: S608  # own names


def query(asks: list[Ask], without: list[Ask], min_votes: int, limit: int) -> tuple[str, dict[str, Any]]:
    """The statement, and its values; the ids come in no order.

    The planner takes reading a text for cheap, and rare words for frequent: left alone it reads 80,000 papers to find
    300. So a few of the newest papers are looked at first. Where many of them hold what is asked for, the newest are
    read until there are enough; else the index finds all that do.

    Where words must stand in a row, or be absent, it looks at the newest LOOKED_AT papers that hold all of the others:
    only the texts themselves tell.
    """
    anywhere = [ask._replace(kind="all") if ask.kind == "row" else ask for ask in asks]
    is_told_by_index = not without and all(len(ask.words) == 1 or ask.kind != "row" for ask in asks)
    values: dict[str, Any] = {"votes": min_votes, "limit": limit, "newest": NEWEST}
    values |= {"step": NEWEST // SAMPLE, "steps": SAMPLE - 1}
    values |= {"most": limit, "often": OFTEN} if is_told_by_index else {"most": LOOKED_AT, "often": OFTEN_IN_A_ROW}
    holding = _holding(anywhere, "holding", values)
    if is_told_by_index:
        return _STATEMENT.format(holding=holding, wanted="true"), values
    exact = f"{_holding(asks, 'exact', values)} AND NOT {_holding(without, 'absent', values)}"
    return _STATEMENT.format(holding=holding, wanted=exact), values


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


def _holding(asks: list[Ask], name: str, values: dict[str, Any]) -> str:
    """A condition that a paper holds any of `asks`, whose values are added, one for each column that is asked.

    As a SELECT of its own the planner can't guess how frequent the words are, and so takes the index.
    """
    conditions = []
    for where in dict.fromkeys(ask.where for ask in asks):
        values[f"{name}_{where}"] = " | ".join(_tsquery(ask) for ask in asks if ask.where == where)
        conditions.append(f"{_COLUMNS[where]} @@ (SELECT to_tsquery('{_READ_BY[where]}', %({name}_{where})s))")
    return f"({' OR '.join(conditions) or 'false'})"


def _tsquery(ask: Ask) -> str:
    if ask.kind == "beginning":
        return f"{ask.words[0]}:*"
    operator = " <-> " if ask.kind == "row" else " & "
    return f"({operator.join(_forms(word, ask.where) for word in ask.words)})"


def _forms(word: str, where: str) -> str:
    """A word in one and in many: the dictionary does not know llms for the plural of llm."""
    forms = dict.fromkeys((word, stem(word), f"{stem(word)}s")) if where != "facets" else (word,)
    return f"({' | '.join(forms)})"
