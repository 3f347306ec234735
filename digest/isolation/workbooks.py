"""openpyxl for the child process. This module imports nothing else of ours."""

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from typing import Any

MAX_ROWS = 200_000
# MAX_COLUMNS and MAX_RATIO are those of subscriptions.exchange.tables. A test compares them.
MAX_COLUMNS = 500
MAX_UNPACKED = 400_000_000  # bytes
MAX_RATIO = 200  # a part of the file is at most this many times as large as its packed form


def to_csv(body: bytes) -> bytes:
    """Return the first sheet of an XLSX file as CSV in UTF-8. Raise ValueError if it is too large or damaged."""
    import openpyxl

    _check_size(body)
    try:
        book = openpyxl.load_workbook(io.BytesIO(body), read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # openpyxl raises KeyError, TypeError and others for damaged files
        raise _unreadable(error) from error
    sheet = book.worksheets[0] if book.worksheets else None
    if sheet is None:
        raise ValueError("The XLSX file has no sheet.")
    sheet.reset_dimensions()  # some programs write wrong ones
    text = io.StringIO()
    writer = csv.writer(text)
    for number, cells in enumerate(_rows(sheet), 1):
        if number > MAX_ROWS:
            raise ValueError(f"The sheet has more than {MAX_ROWS} rows. Save it as CSV, which has no such limit.")
        if len(cells) > MAX_COLUMNS:
            raise ValueError(f"The sheet has more than {MAX_COLUMNS} columns. Is it a table of readers?")
        writer.writerow([_as_text(cell) for cell in cells])
    return text.getvalue().encode()


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    try:
        yield from sheet.iter_rows(values_only=True)
    except MemoryError:
        raise
    except Exception as error:  # a damaged cell, such as a date with a thirteenth month
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> ValueError:
    return ValueError(f"The XLSX file can’t be read: {error}. Save the table as CSV.")


def _check_size(body: bytes) -> None:
    try:
        parts = zipfile.ZipFile(io.BytesIO(body)).infolist()
    except zipfile.BadZipFile as error:
        raise ValueError("The XLSX file is damaged. Save it again, or as CSV.") from error
    if sum(part.file_size for part in parts) > MAX_UNPACKED or any(
        part.file_size > MAX_RATIO * max(part.compress_size, 1) for part in parts
    ):
        raise ValueError("The XLSX file would unpack to an implausible size. Save the table as CSV.")


def _as_text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ", "seconds")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
