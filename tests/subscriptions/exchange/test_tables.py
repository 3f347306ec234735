"""Tables in CSV and zip files."""

import zipfile
from pathlib import Path

import pytest

from digest.ops.uploaded_tables import is_workbook
from subscriptions.exchange import tables
from subscriptions.exchange.tables import TableError, open_file

ROWS = [(2, ["ada@example.org", "Zürich"]), (4, ["grace@example.org", "Köln"])]
TEXT = "email{0}city\nada@example.org{0}Zürich\n{0}\ngrace@example.org{0}Köln\n"


def write(folder: Path, body: bytes, name: str = "readers.csv") -> Path:
    path = folder / name
    path.write_bytes(body)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_it_reads_every_usual_delimiter_and_encoding(tmp_path: Path, delimiter: str, encoding: str) -> None:
    [table] = open_file(write(tmp_path, TEXT.format(delimiter).encode(encoding)))
    assert table.header == ("email", "city")
    assert list(table.rows()) == ROWS
    assert list(table.rows()) == ROWS, "a second reading starts at the beginning"
    assert table.is_guessed == (encoding == "latin-1")


def test_it_numbers_rows_as_a_spreadsheet_does_if_a_cell_has_several_lines(tmp_path: Path) -> None:
    [table] = open_file(write(tmp_path, b'email,note\na@example.org,"one\ntwo"\nb@example.org,\n'))
    assert [number for number, _cells in table.rows()] == [2, 3]


def test_it_reads_a_plain_list_of_addresses_without_a_header(tmp_path: Path) -> None:
    [table] = open_file(write(tmp_path, b"ada@example.org\ngrace@example.org\n"))
    assert table.header == ("column 1",)
    assert list(table.rows()) == [(1, ["ada@example.org"]), (2, ["grace@example.org"])]


def test_it_reads_all_tables_of_a_zip_file_and_skips_other_files(tmp_path: Path) -> None:
    path = tmp_path / "audience.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("subscribed.csv", "email\nada@example.org\n")
        archive.writestr("sub/cleaned.csv", "email\ngone@example.org\n")
        archive.writestr("__MACOSX/._cleaned.csv", b"\x00\x05")
        archive.writestr("readme.md", "nothing")
    found = {table.name: [cells for _number, cells in table.rows()] for table in open_file(path)}
    assert found == {"subscribed.csv": [["ada@example.org"]], "cleaned.csv": [["gone@example.org"]]}


def test_it_refuses_a_zip_bomb_without_unpacking_it(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readers.csv", b"email\n" + b"a" * 3_000_000)
    with pytest.raises(TableError, match="implausible size"):
        open_file(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_it_refuses_a_zip_file_with_a_damaged_table(tmp_path: Path, method: int) -> None:
    path = tmp_path / "readers.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("readers.csv", "email\n" + "".join(f"{number}@example.org\n" for number in range(300)))
    body = path.read_bytes()
    path.write_bytes(body[:60] + b"\xff" * 40 + body[100:])
    with pytest.raises(TableError, match=r"readers\.csv can’t be read"):
        open_file(path)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("compress_type", 9, "compression"),
        ("extract_version", 99, "damaged zip file"),
    ],  # Windows packs large files by 9
)
def test_it_refuses_a_zip_file_that_is_packed_in_an_unknown_way(
    tmp_path: Path, field: str, value: int, message: str
) -> None:
    path = tmp_path / "readers.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readers.csv", "email\nada@example.org\n")
        setattr(archive.infolist()[0], field, value)
    assert not is_workbook(path)
    with pytest.raises(TableError, match=message):
        open_file(path)


def test_a_null_character_does_not_reach_the_database(tmp_path: Path) -> None:
    rows = "".join(f"{number}@example.org\n" for number in range(300))
    [table] = open_file(write(tmp_path, f"email\n{rows}a\0b@example.org\n".encode()))
    assert list(table.rows())[-1] == (302, ["a\N{REPLACEMENT CHARACTER}b@example.org"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "is empty"),
        (b"\n\nada@example.org", "first row .* is empty"),
        (b"\xd0\xcf\x11\xe0" + b"\x00\x01\x02abcdefgh" * 20, "not a text file"),
        (",".join(map(str, range(600))).encode(), "more than 500 columns"),
    ],
)
def test_it_says_why_a_file_is_not_a_table(tmp_path: Path, body: bytes, message: str) -> None:
    with pytest.raises(TableError, match=message):
        open_file(write(tmp_path, body))


def test_it_names_the_row_after_which_it_can_not_read_on(tmp_path: Path) -> None:
    huge = b"x" * (tables.LONGEST_CELL + 1)
    [table] = open_file(write(tmp_path, b"email\nada@example.org\n" + huge + b"\n"))
    with pytest.raises(TableError, match=r"readers\.csv, after row 2: field larger"):
        list(table.rows())


def test_it_refuses_a_zip_file_with_a_long_list_of_files_before_it_reads_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(300):
            archive.writestr(f"{number}.csv", "email\n")
        archive.comment = b"a comment"
    monkeypatch.setattr(tables, "LARGEST_DIRECTORY", 10_000)
    monkeypatch.delattr(zipfile, "ZipFile")
    with pytest.raises(TableError, match="implausible number of files"):
        open_file(path)
