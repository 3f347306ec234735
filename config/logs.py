"""What is logged, and what is kept out: the tokens in readers' links, each of which is a key to one reader's door,
and names and passwords in addresses."""

import logging
import re
from typing import Any

from digest.texts.text import without_user_info

TOKEN = re.compile(
    r"(/(?:confirm|preferences|unsubscribe|change-address|come-back|digests|feeds/personal)/)[\w.%-]{20,}"
)


class WithoutTokens(logging.Filter):
    """Django names the path of what it could not answer; the path stays, without the token."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        told = without_user_info(TOKEN.sub(r"\1…", said))
        if told != said:
            record.msg, record.args = told, ()
        return True


def to_console(level: str) -> dict[str, Any]:
    """Django's LOGGING."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": {"format": "{asctime} {levelname:<7} {name}: {message}", "style": "{"}},
        "filters": {"without tokens": {"()": "config.logs.WithoutTokens"}},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["without tokens"]},
        },
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
