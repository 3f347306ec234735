"""The format of the log. It masks tokens in readers' links, and names, passwords and keys in addresses."""

import logging
import re
from typing import Any

from digest.text.cleanup import without_secrets

# In any case and with any number of slashes, because Django logs the path of a 404 as it was requested.
TOKEN = re.compile(
    r"(/(?:confirm|preferences|unsubscribe|change-address|come-back|sign-in|digests|feeds/+personal)[/.\\]+)[\w.%-]{20,}",
    re.IGNORECASE,
)


class WithoutSecrets(logging.Formatter):
    """A formatter that masks secrets in logged paths and in the addresses that tracebacks quote."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(TOKEN.sub(r"\1…", super().format(record)))


def to_console(level: str) -> dict[str, Any]:
    """Return Django's LOGGING setting for a log of `level` and above on the console."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {
                "class": "config.logs.WithoutSecrets",
                "format": "{asctime} {levelname:<7} {name}: {message}",
                "style": "{",
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django": {"handlers": [], "propagate": True},  # without Django's own handler
            "django.security.DisallowedHost": {"level": "CRITICAL"},  # caused by every Internet scanner
            "waitress.queue": {"level": "ERROR"},  # it warns whenever a request waits for a moment
            "django_celery_beat": {"level": "WARNING"},
            "kombu.connection": {"level": "ERROR"},  # it warns that the in-memory broker has no host name
            "httpx": {"level": "WARNING"},
        },
    }
