"""Create files with readers' addresses that no other user of the machine can read."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO


def create(path: Path) -> BinaryIO:
    """Open a file for writing that only its owner can read. It replaces an existing one."""
    path.unlink(missing_ok=True)  # an existing file would keep its mode
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def write(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file that only its owner can read, or none if that fails. Only a complete one replaces an older one."""
    draft = path.with_name(f".{path.name}.part")
    try:
        with create(draft) as file:
            for part in parts:
                file.write(part)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
