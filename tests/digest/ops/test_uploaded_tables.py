"""XLSX files of readers, converted in a child process."""

import datetime as dt
import io
import re
import stat
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.conf import settings

from digest.isolation import workbooks
from digest.ops import uploaded_tables
from digest.ops.uploaded_tables import as_text, private_copy
from subscriptions.exchange import tables
from subscriptions.exchange.tables import TableError, open_file


def workbook(folder: Path, rows: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    path = folder / "readers.xlsx"
    book.save(path)
    return path


def test_it_reads_the_cells_of_a_workbook_as_text(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["email", "when", "number", "on", "empty"],
        ["ada@example.org", dt.datetime(2024, 3, 1, 8), 7.0, True, None],
    ]
    with as_text(workbook(tmp_path, rows)) as path:
        [table] = open_file(path)
        assert table.header == ("email", "when", "number", "on", "empty")
        assert list(table.rows()) == [(2, ["ada@example.org", "2024-03-01 08:00:00", "7", "true"])]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


def test_it_leaves_other_files_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "readers.csv"
    file.write_text("email\n")
    with as_text(file) as path:
        assert path == file


def test_it_refuses_a_workbook_that_would_unpack_to_an_implausible_size(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 5_000_000)
    with (
        pytest.raises(TableError, match=r"bomb\.xlsx: The XLSX file would unpack to an implausible size"),
        as_text(path),
    ):
        pass


def test_it_says_that_a_workbook_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "damaged.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", b"<no workbook")
    with pytest.raises(TableError, match=r"damaged\.xlsx: The XLSX file can’t be read"), as_text(path):
        pass


def test_it_says_that_a_cell_of_a_workbook_is_damaged(tmp_path: Path) -> None:
    intact, damaged = workbook(tmp_path, [["email"], [dt.datetime(2024, 3, 1)]]), tmp_path / "damaged.xlsx"
    with zipfile.ZipFile(intact) as archive, zipfile.ZipFile(damaged, "w") as copy:
        for name in archive.namelist():
            part = archive.read(name)
            if name.endswith("sheet1.xml"):
                part = re.sub(rb'<c r="A2".*?</c>', b'<c r="A2" t="d"><v>2024-13-01</v></c>', part)
            copy.writestr(name, part)
    with pytest.raises(ValueError, match=r"can’t be read: month must be in .* Save the table as CSV"):
        workbooks.to_csv(damaged.read_bytes())


def test_workbooks_and_text_files_have_the_same_limits() -> None:
    assert (workbooks.MAX_COLUMNS, workbooks.MAX_RATIO) == (tables.MAX_COLUMNS, tables.MAX_RATIO)


def test_it_refuses_more_rows_than_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_ROWS", 2)
    body = workbook(tmp_path, [["email"]] * 3).read_bytes()
    with pytest.raises(ValueError, match="more than 2 rows"):
        workbooks.to_csv(body)


def test_an_entity_bomb_is_stopped(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["email"]])
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "aaaaaaaaaa">{levels}]><worksheet><sheetData>&e11;</sheetData></worksheet>'
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(packed, "w") as target:
        for name in source.namelist():
            target.writestr(name, bomb if "worksheets/" in name else source.read(name))
    path.write_bytes(packed.getvalue())
    with pytest.raises(TableError), as_text(path):
        pass


def test_a_private_copy_is_deleted_even_after_an_error() -> None:
    copies = []
    with pytest.raises(ZeroDivisionError), private_copy([b"a", b"b"]) as path:
        copies.append((path.read_bytes(), 1 / 0))
    assert not list(settings.VAR_DIR.glob("import-*"))


def test_copies_that_a_killed_process_left_are_deleted_after_a_day() -> None:
    left = settings.VAR_DIR / f"{uploaded_tables.PREFIX}left.csv"
    left.write_text("ada@example.org")
    made = dt.datetime.fromtimestamp(left.stat().st_mtime, dt.UTC)
    uploaded_tables.delete_abandoned(now=made + dt.timedelta(hours=23))
    assert left.exists()
    uploaded_tables.delete_abandoned(now=made + dt.timedelta(hours=25))
    assert not left.exists()
