"""Full-text queries in PostgreSQL: generated tsvector columns with one GIN index (an inverted index).

A migration creates the columns, the index and our own text search configuration: English without stop words, because
“chain of thought” contains an “of”.
"""

from typing import Any

from digest.matching import stem
from digest.search.fulltext.search_terms import SearchTerm

_COLUMNS = {"title": "words_in_title", "text": "words_in_text", "facets": "words_in_facets"}
_READ_BY = {"title": "digest_words", "text": "digest_words", "facets": "simple"}
LOOKED_AT = 3_000  # papers checked for exact phrases
MAX_SCANNED = 20_000  # papers in a sequential scan at most
SAMPLE = 100  # papers of the MAX_SCANNED in the sample
OFTEN, OFTEN_IN_A_ROW = 10, 30  # percent of the sample that must match for a sequential scan to be faster

_FIELDS = f"id, is_hidden, votes, {', '.join(_COLUMNS.values())}"
_SHOWN = "NOT is_hidden AND votes >= %(votes)s"
# Only one of the two SELECTs of the UNION runs. A LIMIT or an OFFSET keeps the planner from rewriting a SELECT.
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
    """Return the SQL statement and its parameters. The statement returns ids in no particular order.

    The planner underestimates the cost of reading a text and overestimates how frequent rare words are: left alone, it
    reads 80,000 papers to find 300. So the statement first tests a sample of the newest papers. If many of them match,
    it scans the newest papers until there are enough; otherwise it uses the index.

    An exact phrase or an exclusion can only be checked in the text itself. For these, the statement checks the newest
    LOOKED_AT papers that contain all the words.
    """
    without_order = [ask._replace(kind="all") if ask.kind == "row" else ask for ask in asks]
    is_index_enough = not without and all(len(ask.words) == 1 or ask.kind != "row" for ask in asks)
    values: dict[str, Any] = {"votes": min_votes, "limit": limit, "newest": MAX_SCANNED}
    values |= {"step": MAX_SCANNED // SAMPLE, "steps": SAMPLE - 1}
    values |= {"most": limit, "often": OFTEN} if is_index_enough else {"most": LOOKED_AT, "often": OFTEN_IN_A_ROW}
    holding = _condition(without_order, "holding", values)
    if is_index_enough:
        return _STATEMENT.format(holding=holding, wanted="true"), values
    exact = f"{_condition(asks, 'exact', values)} AND NOT {_condition(without, 'absent', values)}"
    return _STATEMENT.format(holding=holding, wanted=exact), values


def _condition(asks: list[SearchTerm], name: str, values: dict[str, Any]) -> str:
    """Return the SQL condition that a paper contains any of `asks`, and add its parameters to `values`.

    The query text is in a SELECT of its own. So the planner can't guess how frequent the words are, and uses the index.
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
    """Return a word in singular and plural, because the dictionary does not know llms as the plural of llm."""
    forms = dict.fromkeys((word, stem(word), f"{stem(word)}s")) if where != "facets" else (word,)
    return f"({' | '.join(forms)})"
