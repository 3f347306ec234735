"""The formats that `config.env` reads: lines of a `.env` file, and the URLs of databases and mail servers.

Ours and not django-environ's, because `config.env` reads all other values itself and says how to write them.
"""

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from digest.ops.recovery.database_urls import DATABASE_ENGINES, parse_database_url

__all__ = ["DATABASE_ENGINES", "EMAIL_BACKENDS", "parse_database_url", "parse_email_url", "parse_env_line"]

EMAIL_BACKENDS = {
    "smtp": "django.core.mail.backends.smtp.EmailBackend",
    "smtps": "django.core.mail.backends.smtp.EmailBackend",
    "smtp+tls": "django.core.mail.backends.smtp.EmailBackend",
    "smtp+ssl": "django.core.mail.backends.smtp.EmailBackend",
    "consolemail": "django.core.mail.backends.console.EmailBackend",
    "filemail": "django.core.mail.backends.filebased.EmailBackend",
    "memorymail": "django.core.mail.backends.locmem.EmailBackend",
    "dummymail": "django.core.mail.backends.dummy.EmailBackend",
    "outbox": "subscriptions.outbox.EmailBackend",
}
_LINE = re.compile(r"(?:export )?([A-Za-z_0-9]+)=(.*)")


def parse_env_line(line: str) -> tuple[str, str] | None:
    """Return the name and value of a line such as NAME=value, or None if it is not one.

    A value may be in single or double quotes. Within double quotes, a backslash escapes the next character.
    """
    match = _LINE.fullmatch(line)
    if not match:
        return None
    name, value = match.groups()
    if quoted := re.fullmatch("'(.*)'", value):
        value = quoted[1]
    if quoted := re.fullmatch('"(.*)"', value):
        value = re.sub(r"\\([^rnt])", r"\1", quoted[1])
    return name, value


def parse_email_url(url: str) -> dict[str, Any]:
    """Return Django's settings of a mail server. The scheme must be one of EMAIL_BACKENDS."""
    parts = urlsplit(url)
    return {
        "EMAIL_BACKEND": EMAIL_BACKENDS[parts.scheme],
        "EMAIL_HOST": parts.hostname or "",
        "EMAIL_PORT": parts.port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme in ("smtps", "smtp+tls"),
        "EMAIL_USE_SSL": parts.scheme == "smtp+ssl",
    }
