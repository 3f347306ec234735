"""What a worker has done and not yet recorded: a file of its own, one line a step, written at once.

A line costs one `write` and no waiting for the disk: it outlives the process, and that is what it is for. It need not
outlive the machine: what was announced in the shard does. The file is locked as long as its process lives, so that
anybody can tell the journal of a dead worker.
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
# Another since then: the power went, and the last lines may never have come to the disk.
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_FIELDS = ("delivery_id", "result", "reason", "provider_id", "papers", "bounce", "call")


@dataclass
class JournalContents:
    """What a journal says: outcomes that may not be recorded yet, and mails that were in hand without one.

    Unless it `is_whole` there may have been more of both.
    """

    worker: str
    is_whole: bool
    outcomes: list[Outcome] = field(default_factory=list)
    # Delivery ids, in the order in which they were taken up, and the key of each one's call.
    in_hand: dict[int, str] = field(default_factory=dict)


class Journal:
    """The open journal of this process' worker. Not for several threads at once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.worker = f"{socket.gethostname()[:60]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        # Made under a name that nobody looks for, and locked, before it gets its own.
        draft = folder / f".{self.worker}"
        self._file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._path = folder / f"{self.worker}.{_boot()}.journal"
        draft.rename(self._path)

    def take_in_hand(self, delivery_ids: Collection[int], call: str = "") -> None:
        """To be called right before these mails can reach anybody, in the call of that key if it has one.

        Raises OSError where the disk is full.
        """
        if delivery_ids:
            told = ",".join(map(str, delivery_ids))  # a third of the time that JSON's encoder takes
            self._write(f'["{call}",{told}]' if call else f"[{told}]")

    def note(self, *outcomes: Outcome) -> None:
        """All in one: what ended together is found together. Raises OSError where the disk is full."""
        self._write("\n".join(_encode([getattr(outcome, name) for name in _FIELDS]) for outcome in outcomes))

    def clear(self) -> None:
        """To be called when all outcomes are recorded and nothing is in hand."""
        os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Delete it: everything is recorded."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)

    def abandon(self) -> None:
        """Leave it to whoever recovers next: it tells what is not yet recorded."""
        os.close(self._file)

    def _write(self, told: str) -> None:
        line = f"{told}\n".encode()
        written = os.write(self._file, line)
        if written != len(line):  # the disk has just become full; the next line must not be read as one with this
            os.write(self._file, b"\n")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def left_behind(folder: Path) -> Iterator[list[JournalContents]]:
    """The journals of workers that died, held until the end of the block and deleted if it ends well."""
    held: list[tuple[Path, int]] = []
    try:
        for path in sorted(folder.glob("*.journal")):
            file = _take(path)
            if file is not None:
                held.append((path, file))
        yield [_read(path) for path, _ in held]
        for path, _ in held:
            path.unlink(missing_ok=True)
    finally:
        for _, file in held:
            os.close(file)


def _take(path: Path) -> int | None:
    """Lock the journal; None where its worker lives, somebody else is reading it, or it may not be read."""
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
    if not path.exists():  # read and deleted by somebody else while we opened it
        os.close(file)
        return None
    return file


@cache
def _warn_once_of_foreign_file(path: Path) -> None:
    """Of a command that ran as root, say, and died. What it had in hand is in doubt once its lease has run out."""
    hint = "Run commands as the service's user. Once you give it this file (chown), what it tells is recorded."
    logger.warning("%s can't be read by user %d: somebody else sent mail. %s", path, os.geteuid(), hint)


def _read(path: Path) -> JournalContents:
    worker, _, boot = path.stem.rpartition(".")
    left = JournalContents(worker, is_whole=boot == _boot())
    for line in path.read_bytes().splitlines():
        try:
            _understand(json.loads(line), left)
        except (ValueError, TypeError):
            continue  # the process died, or the disk became full, in the middle of it
    return left


def _understand(told: object, left: JournalContents) -> None:
    """A line is an outcome, or the ids of mails that were taken in hand, after the key of their call if it has one.

    Raises ValueError or TypeError for another.
    """
    if not isinstance(told, list):
        raise TypeError
    call = told.pop(0) if told and isinstance(told[0], str) else ""
    if all(isinstance(one, int) for one in told):
        left.in_hand |= dict.fromkeys(told, call)
    else:
        outcome = Outcome(**dict(zip(_FIELDS, told, strict=False)))
        left.in_hand.pop(outcome.delivery_id, None)
        left.outcomes.append(replace(outcome, result=Result(outcome.result)))


@cache
def _boot() -> str:
    """Which start of this machine it is; the same always where that can't be told."""
    return _BOOT.read_text().strip() if _BOOT.exists() else "0"
