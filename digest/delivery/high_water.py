"""The high-water mark: how far sending has come, kept outside the database, so that a restored dump is noticed.

The database counts its plans and results in `Installation.position`, which only grows. After each commit the number is
copied into a file in VAR_DIR, and into Redis if that is the broker. A database that is behind one of the copies has
forgotten emails that left: an older dump was restored, or its server lost its last changes. `digest.ops.recovery.guard`
then pauses sending.
"""

import datetime as dt
import fcntl
import json
import logging
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import redis
from django.conf import settings
from django.db import transaction
from django.db.models import F

from digest import clock
from digest.models import Installation
from digest.models.installations import ONLY

logger = logging.getLogger(__name__)

PREFIX = "dailypapers:mark:"
TIMEOUT = 2.0  # seconds
RETRY_AFTER = 30.0  # seconds without another try after Redis could not be reached
# KEYS: the mark. ARGV: its position, and the mark as JSON. It only grows.
SCRIPT = """
local old = redis.call('GET', KEYS[1])
if not old or cjson.decode(old).position < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[2]) end
"""

_seen: dict[uuid.UUID, int] = {}  # the highest position of each installation that this process has recorded
_redis_down_until = 0.0


class DatabaseWentBackError(Exception):
    """An older database replaced the one that this process used."""


@dataclass(frozen=True)
class HighWaterMark:
    """The point that an installation has reached in sending."""

    position: int
    at: str  # the time of the last change, in ISO 8601
    day: str = ""  # the last edition that was planned or sent
    delivery: int = 0  # the highest ids that were used
    reader: int = 0

    @property
    def moment(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.at)


def folder(incarnation: uuid.UUID) -> Path:
    """Return the folder of this installation's records. Several installations may share a VAR_DIR."""
    path: Path = settings.RECOVERY_DIR / incarnation.hex
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


@contextmanager
def advancing(*, now: dt.datetime, day: dt.date, delivery: int = 0, reader: int = 0) -> Iterator[None]:
    """Run the block and advance the position in one transaction, then copy it into the mark.

    Raise DatabaseWentBackError, and record nothing, if the database is older than what this process has recorded.
    """
    with transaction.atomic():
        yield
        row = _advance()
    _seen[row.incarnation] = max(row.position, _seen.get(row.incarnation, 0))
    write(row.incarnation, HighWaterMark(row.position, now.isoformat(), day.isoformat(), delivery, reader))


def read(incarnation: uuid.UUID) -> HighWaterMark | None:
    """Return the highest copy of the mark, or None if there is none."""
    marks = [mark for mark in (read_file(incarnation), _read_redis(incarnation)) if mark]
    return max(marks, key=lambda mark: mark.position) if marks else None


def read_file(incarnation: uuid.UUID) -> HighWaterMark | None:
    return _parse_file(folder(incarnation) / "mark.json")


def write(incarnation: uuid.UUID, mark: HighWaterMark) -> None:
    """Raise both copies to `mark`. A copy that is higher stays. Failures are logged, because emails have left."""
    try:
        _write_file(folder(incarnation), mark)
    except OSError as error:
        logger.warning("The high-water mark can't be written to %s: %s", settings.RECOVERY_DIR, error)
    _write_redis(incarnation, mark)


def other_machines(incarnation: uuid.UUID) -> dict[str, str] | None:
    """Return the names of the other machines that sent emails, by the ids of their logs.

    Return None if Redis does not answer. With the broker in memory there is one machine only.
    """
    if not _has_redis():
        return {}
    try:
        names = _client().hgetall(f"{PREFIX}{incarnation.hex}:machines")
    except redis.RedisError:
        return None
    found = {key.decode(): name.decode() for key, name in names.items()}  # type: ignore[union-attr]
    if not found:
        return None
    found.pop(machine_id(), None)
    return found


def machine_id() -> str:
    """Return the random id of this machine's VAR_DIR. Host names change in containers."""
    path: Path = settings.RECOVERY_DIR / "machine_id"
    try:
        return path.read_text()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".machine_id-{uuid.uuid4().hex}")
        draft.write_text(uuid.uuid4().hex)
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
        return path.read_text()


def _advance() -> Installation:
    """Add one to the position and return the row, which stays locked until the transaction ends."""
    only = Installation.objects.filter(pk=ONLY)
    if not only.update(position=F("position") + 1):
        Installation.load()
        only.update(position=F("position") + 1)
    row = only.get()
    if row.position <= _seen.get(row.incarnation, 0):
        raise DatabaseWentBackError("an older database has replaced the one that this process used")
    return row


def _write_file(home: Path, mark: HighWaterMark) -> None:
    with (home / "mark.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = home / "mark.json"
        old = _parse_file(path)
        if old and old.position >= mark.position:
            return
        draft = home / ".mark.json"
        draft.write_text(json.dumps(asdict(_merge(old, mark))))
        draft.replace(path)


def _merge(old: HighWaterMark | None, new: HighWaterMark) -> HighWaterMark:
    """Return `new` with the highest day and ids of both."""
    if old is None:
        return new
    return replace(
        new, day=max(old.day, new.day), delivery=max(old.delivery, new.delivery), reader=max(old.reader, new.reader)
    )


def _parse_file(path: Path) -> HighWaterMark | None:
    try:
        return _parse(path.read_bytes())
    except FileNotFoundError:
        return None


def _parse(text: bytes | None) -> HighWaterMark | None:
    try:
        return HighWaterMark(**json.loads(text)) if text else None
    except (ValueError, TypeError):
        logger.warning("A high-water mark can't be read, and is ignored: %r", text)
        return None


def _read_redis(incarnation: uuid.UUID) -> HighWaterMark | None:
    if not _has_redis():
        return None
    try:
        found: object = _client().get(f"{PREFIX}{incarnation.hex}")
        return _parse(found if isinstance(found, bytes) else None)
    except redis.RedisError as error:
        _note_failure(error)
        return None


def _write_redis(incarnation: uuid.UUID, mark: HighWaterMark) -> None:
    if not _has_redis():
        return
    key = f"{PREFIX}{incarnation.hex}"
    try:
        merged = _merge(_parse(_client().get(key)), mark)  # type: ignore[arg-type]
        pipeline = _client().pipeline(transaction=False)
        pipeline.eval(SCRIPT, 1, key, str(mark.position), json.dumps(asdict(merged)))
        pipeline.hset(f"{key}:machines", machine_id(), socket.gethostname())
        pipeline.execute()
    except redis.RedisError as error:
        _note_failure(error)


def _note_failure(error: redis.RedisError) -> None:
    global _redis_down_until
    _redis_down_until = clock.seconds() + RETRY_AFTER
    logger.debug("Redis has no part in the high-water mark for now: %s", error)


def _has_redis() -> bool:
    return settings.CELERY_BROKER_URL.startswith("redis") and clock.seconds() >= _redis_down_until


def _client() -> "redis.Redis":
    return _connect(settings.CELERY_BROKER_URL, os.getpid())


@cache
def _connect(url: str, process: int) -> "redis.Redis":
    """Return a client. Each process has its own, because a forked one must not share a connection."""
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
