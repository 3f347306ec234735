"""Files of readers as text: an XLSX file is converted to CSV in a child process with limits."""

import datetime as dt
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from django.conf import settings

from digest import isolation
from digest.isolation import IsolationError, workbooks
from subscriptions.exchange.tables import TableError, check_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LARGEST_WORKBOOK = 20 * 2**20  # bytes
PREFIX = "import-"
ABANDONED_AFTER = dt.timedelta(days=1)


@contextmanager
def as_text(path: Path, name: str = "") -> "Iterator[Path]":
    """Provide the path of the file, or of its first sheet as a private CSV file. Raise TableError."""
    check_directory(path, name or path.name)
    if not is_workbook(path):
        yield path
        return
    name = name or path.name
    if path.stat().st_size > LARGEST_WORKBOOK:
        raise TableError(f"{name} is larger than {LARGEST_WORKBOOK // 2**20} MB. Save it as CSV.")
    try:
        table = isolation.run(workbooks.to_csv, path.read_bytes())
    except IsolationError as error:
        raise TableError(f"{name}: {error}") from error
    with private_copy([table]) as copy:
        yield copy


@contextmanager
def private_copy(parts: "Iterable[bytes]") -> "Iterator[Path]":
    """Provide the path of a file with these contents that no other user can read. It is deleted afterward."""
    with NamedTemporaryFile(dir=settings.VAR_DIR, prefix=PREFIX, suffix=".csv") as file:  # its mode is 600
        for part in parts:
            file.write(part)
        file.flush()
        yield Path(file.name)


def delete_abandoned(*, now: dt.datetime) -> None:
    """Delete copies that a killed process left more than a day ago, because they contain addresses."""
    for path in settings.VAR_DIR.glob(f"{PREFIX}*.csv"):
        with suppress(FileNotFoundError):
            if dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC) < now - ABANDONED_AFTER:
                path.unlink()


def is_workbook(path: Path) -> bool:
    """Return whether the file is XLSX, whatever its name is."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        return False
