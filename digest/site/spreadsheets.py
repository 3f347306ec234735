"""The reading list as a table for spreadsheet programs. Pure."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from digest.site.citations import Citable
from subscriptions.exchange.formulas import BYTE_ORDER_MARK, without_formula

CSV_TYPE = "text/csv; charset=utf-8"
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
