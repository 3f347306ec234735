"""The reading list as a table for spreadsheet programs. Pure."""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from digest.site.citations import Citable

CSV_TYPE = "text/csv; charset=utf-8"
BYTE_ORDER_MARK = "\ufeff"  # Excel reads UTF-8 only with it
# A sign that begins a formula, at the start of a cell or after what some programs take for the end of one.
_FORMULA = re.compile(r"(^|[;,\t\r\n])( {0,9})(?=[=+\-@＝＋－＠])")  # full-width signs count, too
COLUMNS = ("title", "authors", "link", "published", "saved", "tags", "note")


@dataclass(frozen=True)
class ListedPaper:
    """A paper with what a reader has added to it."""

    paper: Citable
    saved_at: dt.datetime
    tags: Sequence[str]
    note: str


def as_csv(rows: Iterable[ListedPaper]) -> str:
    """Return one line per paper, after a line with the names of the columns."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        paper = row.paper
        published = paper.published_on.isoformat() if paper.published_on else ""
        cells = (paper.title, "; ".join(paper.authors), paper.url, published)
        own = (row.saved_at.date().isoformat(), ", ".join(row.tags), row.note)
        writer.writerow([without_formula(cell) for cell in (*cells, *own)])
    return BYTE_ORDER_MARK + text.getvalue()


def without_formula(cell: str) -> str:
    """Return the text so that no spreadsheet program runs it as a formula: titles come from anyone."""
    return _FORMULA.sub(r"\1\2'", cell)
