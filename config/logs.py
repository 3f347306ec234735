"""The log: its format, what it masks, and what it leaves out.

It masks tokens in readers' links, email addresses, and names, passwords and keys in web addresses. Errors that repeat
within a minute are counted and not repeated.
"""

import datetime as dt
import logging
import re
import time
from dataclasses import dataclass
from typing import Any

from digest.text.cleanup import without_secrets

# In any case and with any number of slashes, because Django logs the path of a 404 as it was requested.
TOKEN = re.compile(
    r"(/(?:confirm|preferences|unsubscribe|change-address|come-back|sign-in|suggest|digests|feeds/+personal)"
    r"[/.\\]+)[\w.%-]{20,}",
    re.IGNORECASE,
)
# The local part of an email address, but not the name of a worker, such as celery@web1.example.org.
_LOCAL_PART = re.compile(r"(?<![\w.%+-])(?!celery@)[\w.!#$%'*+=^`{|}~-]{1,64}(?=(?:@|%40)(?:[\w-]+\.)+[^\W\d_])")

REPEATS_WITHIN = 60.0  # seconds
MAX_KNOWN = 1000  # different warnings and errors that are remembered


def masked(text: str) -> str:
    """Return `text` without tokens, passwords, keys, and the local parts of email addresses."""
    return _LOCAL_PART.sub("…", without_secrets(TOKEN.sub(r"\1…", text)))


class WithoutSecrets(logging.Formatter):
    """A formatter that masks secrets in messages and tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


@dataclass
class _Seen:
    """A warning or error that was logged, and how often it has come again since."""

    record: logging.LogRecord
    until: float
    again: int = 0


class Console(logging.StreamHandler[Any]):
    """A handler that writes a warning or error once a minute, and then how often it came again.

    If the broker or the database is down, every process meets the same error many times a minute.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[object, ...], _Seen] = {}

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        self._sum_up(now)
        if record.levelno >= logging.WARNING:
            error = record.exc_info[1] if record.exc_info else None
            key = (record.name, record.levelno, record.getMessage(), type(error), str(error))
            if seen := self._seen.get(key):
                seen.again += 1
                return
            if len(self._seen) < MAX_KNOWN:
                self._seen[key] = _Seen(record, now + REPEATS_WITHIN)
        super().emit(record)

    def close(self) -> None:
        if not getattr(self.stream, "closed", False):
            self._sum_up(float("inf"))
        super().close()

    def _sum_up(self, now: float) -> None:
        """Write how often each record came again that was first written more than a minute ago."""
        for key in [key for key, seen in self._seen.items() if seen.until <= now]:
            seen = self._seen.pop(key)
            if seen.again:
                super().emit(_repeated(seen.record, seen.again))


def _repeated(record: logging.LogRecord, again: int) -> logging.LogRecord:
    """Return a record that counts the repeats of `record`, without its traceback."""
    times = "once more" if again == 1 else f"{again} times more"
    text = f"{record.getMessage().partition(chr(10))[0]} ({times} within a minute)"
    return logging.LogRecord(record.name, record.levelno, record.pathname, record.lineno, text, None, None)


FORMATTERS: dict[str, dict[str, Any]] = {
    "text": {
        "class": "config.logs.WithoutSecrets",
        "format": "{asctime} {levelname:<7} {name}: {message}",
        "style": "{",
    },
    "json": {"()": "config.json_log.JsonFormatter"},
}


def to_console(level: str, style: str = "text") -> dict[str, Any]:
    """Return Django's LOGGING setting for a log of `level` and above on the console, as “text” or “json”."""
    quiet = {"level": "WARNING"} if level == "INFO" else {}  # several lines a minute while all is well
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {style: FORMATTERS[style]},  # the other one needs a library that is then not imported
        "filters": {"outages": {"()": "config.outages.OneLine"}},
        "handlers": {"console": {"()": "config.logs.Console", "formatter": style, "filters": ["outages"]}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django": {"handlers": [], "propagate": True},  # without Django's own handler
            "django.security.DisallowedHost": {"level": "CRITICAL"},  # caused by every Internet scanner
            "waitress.queue": {"level": "ERROR"},  # it warns whenever a request waits for a moment
            "django_celery_beat": {"level": "WARNING"},
            "kombu.connection": {"level": "ERROR"},  # it warns that the in-memory broker has no host name
            "httpx": {"level": "WARNING"},
            "celery.worker.strategy": quiet,  # a task was received
            "celery.app.trace": quiet,  # a task succeeded
            "celery.beat": quiet,  # a task was sent
        },
    }


def utc(record: logging.LogRecord) -> str:
    """Return the time of `record` in ISO 8601, to the millisecond."""
    return dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
