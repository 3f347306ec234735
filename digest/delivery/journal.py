"""A worker's journal: a file that holds what the worker has done but not yet recorded in the database.

The life of a journal:

1. The worker creates it and keeps it locked as long as the process lives. So a journal without a lock belongs to a
   dead worker.
2. Right before emails are sent, it adds a line with their delivery ids; when their outcomes are known, a line for each.
3. After the outcomes are recorded in the database, it empties the file.
4. At the end it deletes the file. If the worker dies, the next one reads the file (see `recovery`) and deletes it.

A line costs one `write`, without waiting for the disk. It survives the process, but perhaps not a power cut; after
that, the shard's `announced` shows which emails are uncertain.
"""

import errno
import fcntl
import json
import logging
import os
import socket
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from digest.delivery.transports.outcomes import Outcome, Result

logger = logging.getLogger(__name__)
_encode = json.JSONEncoder(separators=(",", ":")).encode
# It changes when the machine starts. The last lines of an earlier boot may never have reached the disk.
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FIELDS = ("delivery_id", "result", "reason", "provider_id", "papers", "bounce", "call")


@dataclass
class JournalContents:
    """The contents of a journal: outcomes that may not be recorded yet, and emails in flight, without an outcome.

    Unless it `is_complete`, lines may be missing at its end.
    """

    worker: str
    is_complete: bool
    outcomes: list[Outcome] = field(default_factory=list)
    # Delivery ids in the order of sending, each with the idempotency key of its call, or an empty string.
    in_flight: dict[int, str] = field(default_factory=dict)


class Journal:
    """The open journal of this process's worker. It must not be shared by threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.worker = f"{socket.gethostname()[:60]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        # The file gets its final name only when it is locked. Otherwise it could be taken for a dead worker's journal.
        draft = folder / f".{self.worker}"
        self._file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._path = folder / f"{self.worker}.{_boot_id()}.journal"
        draft.rename(self._path)

    def add_in_flight(self, delivery_ids: Collection[int], call: str = "") -> None:
        """Note that these emails are about to be sent, in the call with the idempotency key `call`, if it has one.

        Raise OSError if the disk is full; then they must not be sent.
        """
        if delivery_ids:
            ids = ",".join(map(str, delivery_ids))  # it takes a third of the time of the JSON encoder
            self._write(f'["{call}",{ids}]' if call else f"[{ids}]")

    def add_outcomes(self, *outcomes: Outcome) -> None:
        """Note outcomes that became known together, in one write. Raise OSError if the disk is full."""
        self._write("\n".join(_encode([getattr(outcome, name) for name in _FIELDS]) for outcome in outcomes))

    def clear(self) -> None:
        """Empty the journal, because all outcomes are recorded and nothing is in flight."""
        os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Delete the journal, because everything is recorded."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)

    def abandon(self) -> None:
        """Unlock the journal and leave it to the next recovery, because not everything in it is recorded."""
        os.close(self._file)

    def _write(self, text: str) -> None:
        line = f"{text}\n".encode()
        written = os.write(self._file, line)
        if written != len(line):
            os.write(self._file, b"\n")  # the disk is full; end the broken line, so that the next can be read
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def left_behind(folder: Path) -> Iterator[list[JournalContents]]:
    """Yield the contents of the journals of dead workers.

    They stay locked until the end of the block, and are deleted if it raises no error.
    """
    locked: list[tuple[Path, int]] = []
    try:
        for path in sorted(folder.glob("*.journal")):
            file = _lock(path)
            if file is not None:
                locked.append((path, file))
        yield [_read(path) for path, _ in locked]
        for path, _ in locked:
            path.unlink(missing_ok=True)
    finally:
        for _, file in locked:
            os.close(file)


def _lock(path: Path) -> int | None:
    """Lock the journal and return its file descriptor.

    Return None if its worker is alive, if another process reads it, or if this process has no permission.
    """
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    except PermissionError:
        _warn_once_of_foreign_file(path)
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    if not path.exists():  # another process has read and deleted it since we opened it
        os.close(file)
        return None
    return file


@cache
def _warn_once_of_foreign_file(path: Path) -> None:
    """Log that a worker of another user has died, such as a command that root ran.

    Unless the file is made readable, its emails in flight become uncertain when the lease expires.
    """
    hint = "Run commands as the service's user. Make that user the owner of the file (chown), and it will be recovered."
    logger.warning("User %d can't read the journal of a dead worker, %s. %s", os.geteuid(), path, hint)


def _read(path: Path) -> JournalContents:
    worker, _, boot_id = path.stem.rpartition(".")
    contents = JournalContents(worker, is_complete=boot_id == _boot_id())
    for line in path.read_bytes().splitlines():
        try:
            _parse(json.loads(line), contents)
        except (ValueError, TypeError):
            continue  # a broken line: the process died while it wrote it, or the disk was full
    return contents


def _parse(line: object, contents: JournalContents) -> None:
    """Add a line to `contents`. Raise ValueError or TypeError for a line of neither kind.

    A line is an outcome, or the ids of emails in flight, after the idempotency key of their call if it has one.
    """
    if not isinstance(line, list):
        raise TypeError
    call = line.pop(0) if line and isinstance(line[0], str) else ""
    if all(isinstance(value, int) for value in line):
        contents.in_flight |= dict.fromkeys(line, call)
    else:
        outcome = Outcome(**dict(zip(_FIELDS, line, strict=False)))
        contents.in_flight.pop(outcome.delivery_id, None)
        contents.outcomes.append(replace(outcome, result=Result(outcome.result)))


@cache
def _boot_id() -> str:
    """Return the id of this start of the machine, or always "0" if the system has none."""
    return _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "0"
