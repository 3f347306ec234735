"""The format of the log, and what is masked in it: tokens in readers' links; names, passwords and keys in addresses."""

import logging
import re
from typing import Any

from digest.text.cleanup import without_secrets

# In any capitals, and with any number of slashes: what was not found is logged as it was written.
TOKEN = re.compile(
    r"(/(?:confirm|preferences|unsubscribe|change-address|come-back|digests|feeds/+personal)[/.\\]+)[\w.%-]{20,}",
    re.IGNORECASE,
)


class WithoutSecrets(logging.Formatter):
    """Django logs the path of what it could not answer, and tracebacks quote addresses: both stay, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(TOKEN.sub(r"\1…", super().format(record)))


def to_console(level: str) -> dict[str, Any]:
    """Django's LOGGING."""
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
            "django": {"handlers": [], "propagate": True},  # it brings a handler of its own; ours is enough
            "django.security.DisallowedHost": {"level": "CRITICAL"},  # every scanner of the Internet sends one
            "waitress.queue": {"level": "ERROR"},  # a request that waits for a moment is no news
            "django_celery_beat": {"level": "WARNING"},
            "kombu.connection": {"level": "ERROR"},  # it warns that the broker in memory has no host name
            "httpx": {"level": "WARNING"},
        },
    }
