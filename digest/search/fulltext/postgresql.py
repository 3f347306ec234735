"""Query the words of all papers in PostgreSQL: generated tsvector columns with one GIN index.

A migration makes the columns, the index and a text search configuration of our own: English, with no stop words,
because “chain of thought” has an “of”.
"""

from typing import Any

from digest.matching import stem
from digest.search.fulltext.search_terms import SearchTerm

_COLUMNS = {"title": "words_in_title", "text": "words_in_text", "facets": "words_in_facets"}
_READ_BY = {"title": "digest_words", "text": "digest_words", "facets": "simple"}
LOOKED_AT = 3_000  # papers, for words in a row
NEWEST = 20_000  # papers, read one after the other at most
SAMPLE = 100  # of these
OFTEN, OFTEN_IN_A_ROW = 10, 30  # per cent of the sample: where so many hold what is asked for, reading is faster

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


def query(asks: list[SearchTerm], without: list[SearchTerm], min_votes: int, limit: int) -> tuple[str, dict[str, Any]]:
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


def _holding(asks: list[SearchTerm], name: str, values: dict[str, Any]) -> str:
    """A condition that a paper holds any of `asks`, whose values are added, one for each column that is asked.

    As a SELECT of its own the planner can't guess how frequent the words are, and so takes the index.
    """
    conditions = []
    for where in dict.fromkeys(ask.where for ask in asks):
        values[f"{name}_{where}"] = " | ".join(_tsquery(ask) for ask in asks if ask.where == where)
        conditions.append(f"{_COLUMNS[where]} @@ (SELECT to_tsquery('{_READ_BY[where]}', %({name}_{where})s))")
    return f"({' OR '.join(conditions) or 'false'})"


def _tsquery(ask: SearchTerm) -> str:
    if ask.kind == "beginning":
        return f"{ask.words[0]}:*"
    operator = " <-> " if ask.kind == "row" else " & "
    return f"({operator.join(_forms(word, ask.where) for word in ask.words)})"


def _forms(word: str, where: str) -> str:
    """A word in one and in many: the dictionary does not know llms for the plural of llm."""
    forms = dict.fromkeys((word, stem(word), f"{stem(word)}s")) if where != "facets" else (word,)
    return f"({' | '.join(forms)})"
