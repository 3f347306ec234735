"""Escape cells of CSV files so that no spreadsheet program runs them as formulas, and undo it. Pure."""

import csv
import io
import re
from collections.abc import Iterable

BYTE_ORDER_MARK = "\ufeff"  # at the beginning of a CSV file; Excel reads UTF-8 only with it

# A sign that begins a formula, at the start of a cell or after what some programs take for the end of one.
_START, _SIGN = r"(^|[;,\t\r\n])( {0,9})", r"(?=[=+\-@＝＋－＠])"  # full-width signs count, too
_FORMULA, _WITHOUT_FORMULA = re.compile(_START + _SIGN), re.compile(f"{_START}'{_SIGN}")


def without_formula(cell: str) -> str:
    """Return the text so that no spreadsheet program runs it as a formula: anyone may have written it."""
    return _FORMULA.sub(r"\1\2'", cell)


def with_formula(cell: str) -> str:
    """Return the cell as it was before `without_formula`, for files that are imported again."""
    return _WITHOUT_FORMULA.sub(r"\1\2", cell)


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """Return the rows as lines of CSV without formulas."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([without_formula(str(cell)) for cell in row] for row in rows)
    return text.getvalue()
