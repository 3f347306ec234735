"""Tables in text files: CSV with any usual delimiter and encoding, alone or several in a zip file. Pure.

Rows are read as a stream, so a file of a million rows takes little memory.
"""

import codecs
import csv
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

DELIMITERS = ",;\t|"
BLOCK = 2**20  # bytes read at once
MAX_UNPACKED = 2**30  # bytes of all tables in a zip file
MAX_RATIO = 200  # a table is at most this many times as large as its packed form; text packs about 10 to 1
MAX_TABLES = 50  # in a zip file
LARGEST_DIRECTORY = 2**20  # bytes of the list of a zip file's members, which is read at once
MAX_COLUMNS = 500
LONGEST_NAME = 200  # characters of a column's name
LONGEST_CELL = 2**20  # characters
GUESSED = (
    "The text is not valid UTF-8, so it was read as Latin-1. Check letters with accents, or save the file as UTF-8."
)
_END = struct.Struct("<12xI6x")  # the last record of a zip file, with the size of its directory
# The errors of zipfile for damaged members, and for those that are packed in a way that it does not know.
_UNREADABLE = (zipfile.BadZipFile, OSError, EOFError, zlib.error, lzma.LZMAError, NotImplementedError)
# PostgreSQL stores no null character, and an address with this one is refused like any other wrong one.
_INSTEAD_OF_NULL = "\N{REPLACEMENT CHARACTER}"
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

Row = tuple[int, list[str]]  # its number in a spreadsheet, where the header is row 1, and its cells


class TableError(ValueError):
    """A file can't be read as a table. The message says what is wrong, and what to do."""


@dataclass(frozen=True)
class Table:
    """A table with a header. Each call of `rows` reads it from the beginning."""

    name: str
    header: tuple[str, ...]
    encoding: str
    delimiter: str
    has_header: bool
    open: Callable[[], IO[bytes]]

    @property
    def is_guessed(self) -> bool:
        """Return whether the encoding is a guess."""
        return self.encoding == "latin-1"

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header that are not empty. Raise TableError at one that can't be read."""
        number = 0
        with closing(self.open()) as file:
            reader = _reader(file, self.encoding, self.delimiter)
            try:
                for number, cells in enumerate(reader, 1):
                    if any(cells) and not (number == 1 and self.has_header):
                        yield number, cells
            except (csv.Error, UnicodeError, *_UNREADABLE) as error:
                raise TableError(f"{self.name}, after row {number}: {error}. Save the file again as CSV.") from error


def open_file(path: Path, name: str = "") -> list[Table]:
    """Return the tables in a CSV file, or in a zip file of CSV files. `name` is its name for messages.

    Raise TableError if it is something else. An XLSX file must be converted first.
    """
    name = name or path.name
    check_directory(path, name)
    if zipfile.is_zipfile(path):
        return _open_zip(path, name)
    return [_open_table(name, lambda: path.open("rb"))]


def check_directory(path: Path, name: str) -> None:
    """Raise TableError if the file is a zip file that lists an implausible number of members."""
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, _END.size + 2**16), io.SEEK_END)
        end = file.read()
    place = end.rfind(b"PK\5\6")
    if 0 <= place <= len(end) - _END.size and _END.unpack_from(end, place)[0] > LARGEST_DIRECTORY:
        raise TableError(f"{name} contains an implausible number of files. Unpack it, and import the CSV files.")


def _open_zip(path: Path, name: str) -> list[Table]:
    try:
        archive = zipfile.ZipFile(path)
        members = [member for member in archive.infolist() if _is_table(member.filename)]
    except _UNREADABLE as error:
        raise TableError(f"{name} is a damaged zip file. Download it again.") from error
    if not members:
        raise TableError(f"There is no CSV file in {name}. Export the readers as CSV.")
    if len(members) > MAX_TABLES:
        raise TableError(f"{name} contains more than {MAX_TABLES} CSV files. Import them in parts.")
    if any(member.flag_bits & 1 for member in members):
        raise TableError(f"{name} is encrypted. Unpack it, and import the CSV files.")
    if sum(member.file_size for member in members) > MAX_UNPACKED or any(
        member.file_size > MAX_RATIO * max(member.compress_size, 1) for member in members
    ):
        raise TableError(f"{name} would unpack to an implausible size. Unpack it, and import the CSV files.")
    tables = []
    for member in members:

        def open_member(member: zipfile.ZipInfo = member) -> IO[bytes]:
            return archive.open(member)

        tables.append(_open_table(Path(member.filename).name, open_member))
    return tables


def _is_table(filename: str) -> bool:
    return filename.lower().endswith((".csv", ".tsv", ".txt")) and "__MACOSX" not in filename


def _open_table(name: str, opened: Callable[[], IO[bytes]]) -> Table:
    try:
        encoding = _detect_encoding(name, opened)
        delimiter, first = _read_first_row(name, opened, encoding)
    except _UNREADABLE as error:
        raise TableError(f"{name} can’t be read: {error}. Save it again as CSV.") from error
    has_header = not any("@" in cell for cell in first)
    header = first if has_header else [f"column {place}" for place in range(1, len(first) + 1)]
    return Table(name, tuple(header), encoding, delimiter, has_header, opened)


def _detect_encoding(name: str, opened: Callable[[], IO[bytes]]) -> str:
    """Return the encoding by the byte order mark, or UTF-8 if the whole file is valid, else Latin-1."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with closing(opened()) as file:
        block = file.read(BLOCK)
        if not block:
            raise TableError(f"{name} is empty. Choose another file.")
        for mark, encoding in _BYTE_ORDER_MARKS.items():
            if block.startswith(mark):
                return encoding
        if nulls := block[:4096].count(0):
            if nulls < len(block[:4096]) // 3:
                raise TableError(f"{name} is not a text file. Save the table as CSV or XLSX.")
            return "utf-16-be" if block[:1] == b"\0" else "utf-16-le"
        try:
            while block:
                decoder.decode(block)
                block = file.read(BLOCK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8"


def _read_first_row(name: str, opened: Callable[[], IO[bytes]], encoding: str) -> tuple[str, list[str]]:
    """Return the delimiter that yields the most columns, and the first row by it."""
    best: tuple[str, list[str]] = ",", []
    for delimiter in DELIMITERS:
        with closing(opened()) as file:
            try:
                first = next(_reader(file, encoding, delimiter), [])
            except (csv.Error, UnicodeError):
                continue
        if len(first) > len(best[1]):
            best = delimiter, [cell.strip() for cell in first]
    if not any(best[1]):
        raise TableError(
            f"The first row of {name} is empty. Choose another file. It must have the names of the columns."
        )
    if len(best[1]) > MAX_COLUMNS:
        raise TableError(f"{name} has more than {MAX_COLUMNS} columns. Is it a table of readers?")
    if any(len(column) > LONGEST_NAME for column in best[1]):
        raise TableError(f"The name of a column in {name} is longer than {LONGEST_NAME} characters. Shorten it.")
    return best


def _reader(file: IO[bytes], encoding: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(LONGEST_CELL)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    return csv.reader((line.replace("\0", _INSTEAD_OF_NULL) for line in text), delimiter=delimiter)
