"""Uploaded files of readers, kept in the database in parts until a worker has imported them."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction

from subscriptions.exchange import tables
from subscriptions.exchange.products import guess_columns, recognize
from subscriptions.exchange.reader_file import ImportSettings
from subscriptions.exchange.tables import Table
from subscriptions.models import ImportPart, ReaderImport

PART = 2**20  # bytes
SHOWN_ROWS = 5
LONGEST_SHOWN = 80  # characters of a cell


def store_readers(path: Path, *, name: str, by: str, now: dt.datetime) -> ReaderImport:
    """Store a file of readers with its first rows. Raise TableError if it is none."""
    opened = tables.open_file(path, name)
    preview = {"tables": [_preview(table) for table in opened]}
    with transaction.atomic():
        record = ReaderImport.objects.create(
            kind=ReaderImport.Kind.READERS,
            file_name=name[:200],
            product=recognize(opened[0].header).name,
            settings=ImportSettings().as_json(),
            created_by=by[:150],
            created_at=now,
        )
        _store(record, ImportPart.File.PREVIEW, [json.dumps(preview).encode()])
        store_parts(record, path)
    return record


def store_parts(record: ReaderImport, path: Path) -> None:
    """Store the file at `path` as the upload of the import."""
    with path.open("rb") as file:
        _store(record, ImportPart.File.UPLOAD, iter(lambda: file.read(PART), b""))


def parts(record: ReaderImport) -> Iterator[bytes]:
    """Yield the uploaded file in parts."""
    stored = record.parts.filter(file=ImportPart.File.UPLOAD).order_by("number")
    for content in stored.values_list("content", flat=True).iterator(chunk_size=4):
        yield bytes(content)


def preview(record: ReaderImport) -> dict[str, Any]:
    """Return the header and the first rows of each table of the uploaded file."""
    stored = record.parts.filter(file=ImportPart.File.PREVIEW).first()
    found: dict[str, Any] = json.loads(bytes(stored.content)) if stored else {"tables": []}
    return found


def _preview(table: Table) -> dict[str, Any]:
    guessed = guess_columns(recognize(table.header), table.header) if table.has_header else {}
    return {
        "name": table.name,
        "is_guessed": table.is_guessed,
        "header": list(table.header),
        "columns": {kind: table.header[places[0]] for kind, places in guessed.items()},
        "rows": [
            [cell[:LONGEST_SHOWN] for cell in cells[: len(table.header)]]
            for _number, cells in islice(table.rows(), SHOWN_ROWS)
        ],
    }


def _store(record: ReaderImport, file: str, contents: Iterable[bytes]) -> None:
    for number, content in enumerate(contents):
        ImportPart.objects.create(reader_import=record, file=file, number=number, content=content)
