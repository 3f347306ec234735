"""The log of sent emails, outside the database: who had which edition, for the days after an older dump is restored.

A file for each edition in VAR_DIR, with a line for each step of an email: a sign and the reader's id, no address.

    +7   its sending begins
    =7   the server accepted it
    -7   the server refused it, or it was not sent
    ?7   the answer never came, so it may have arrived

All processes of a machine append to the same file. Each write stays in one piece, because of O_APPEND.
"""

import datetime as dt
import errno
import logging
import os
import uuid
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from django.conf import settings

from digest.delivery import high_water
from digest.delivery.transports.outcomes import Outcome, Result

logger = logging.getLogger(__name__)

NONE, BEGUN, MAYBE, SENT = range(4)
SIGNS = {
    Result.SENT: "=",
    Result.UNCERTAIN: "?",
    Result.FAILED: "-",
    Result.RETRY_LATER: "-",
    Result.SKIPPED: "-",
    Result.DEFERRED: "-",
    Result.STOPPED: "-",
}


class SentLog:
    """The log of one edition."""

    def __init__(self, incarnation: uuid.UUID, day: dt.date) -> None:
        self._path = home(incarnation) / f"{day}.log"

    def begin(self, readers: Collection[int]) -> None:
        """Note that these readers' emails are about to be sent. Raise OSError if the disk is full: don't send them."""
        self._write(f"+{reader}" for reader in readers)

    def end(self, outcomes: Iterable[Outcome], readers: dict[int, int]) -> None:
        """Note the outcomes of emails that have begun. `readers` are the readers' ids by delivery.

        If the disk is full, they stay without an outcome here, and the database still records it.
        """
        known = [(outcome, readers[outcome.delivery_id]) for outcome in outcomes if outcome.delivery_id in readers]
        try:
            self._write(f"{SIGNS[outcome.result]}{reader}" for outcome, reader in known if outcome.result in SIGNS)
        except OSError as error:
            logger.warning("The log of sent emails can't be written: %s", error)

    def _write(self, lines: Iterable[str]) -> None:
        text = "".join(f"{line}\n" for line in lines).encode()
        if not text:
            return
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if os.write(file, text) != len(text):
                raise OSError(errno.ENOSPC, "the log of sent emails could not be written")
        finally:
            os.close(file)


def home(incarnation: uuid.UUID) -> Path:
    path = high_water.folder(incarnation) / "sent"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def days(folder: Path) -> Iterator[tuple[dt.date, Path]]:
    """Return the editions that a folder has logs of."""
    for path in sorted(folder.glob("????-??-??.log")):
        yield dt.date.fromisoformat(path.stem), path


def read(paths: Iterable[Path]) -> bytearray:
    """Return NONE, BEGUN, MAYBE or SENT for each reader by id, from the logs of several machines together.

    One byte for each reader keeps a million of them small.
    """
    states = bytearray(1024)
    for path in paths:
        with path.open("rb") as file:
            for line in file:
                digits = line[1:].strip()
                if not digits.isdigit():  # a broken line: the disk was full, or the machine stopped
                    continue
                reader = int(digits)
                if reader >= len(states):
                    states.extend(bytes(max(reader + 1 - len(states), len(states))))
                states[reader] = _next(states[reader], line[:1])
    return states


def delete_old(*, before: dt.date) -> None:
    """Delete the logs of older editions, of all installations that share this VAR_DIR."""
    for folder in settings.RECOVERY_DIR.glob("*/sent"):
        for day, path in days(folder):
            if day < before:
                path.unlink(missing_ok=True)


def _next(state: int, sign: bytes) -> int:
    if sign == b"=":
        return SENT
    if state == SENT:
        return SENT
    if sign == b"+":
        return MAYBE if state else BEGUN  # the end of an earlier attempt is unknown
    if sign == b"?":
        return MAYBE
    return NONE if state == BEGUN else state
