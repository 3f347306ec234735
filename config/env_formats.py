"""The formats that `config.env` reads: lines of a `.env` file, and the URLs of databases and mail servers.

Ours and not django-environ's, because `config.env` reads all other values itself and says how to write them.
"""

import ast
import re
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

DATABASE_ENGINES = {
    "sqlite": "django.db.backends.sqlite3",
    "postgresql": "django.db.backends.postgresql",
    "postgres": "django.db.backends.postgresql",
    "psql": "django.db.backends.postgresql",
    "pgsql": "django.db.backends.postgresql",
}
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
_CONNECTION_SETTINGS = (
    "CONN_MAX_AGE",
    "ATOMIC_REQUESTS",
    "AUTOCOMMIT",
    "DISABLE_SERVER_SIDE_CURSORS",
    "CONN_HEALTH_CHECKS",
)
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


def parse_database_url(url: str) -> dict[str, Any]:
    """Return Django's settings of a database. The scheme must be one of DATABASE_ENGINES.

    `sqlite:////path` is a file, `sqlite://:memory:` is in memory, and `postgresql:////folder/name` uses a Unix socket.
    The query holds options of the driver and Django's settings of connections.
    """
    if url == "sqlite://:memory:":
        return {"ENGINE": DATABASE_ENGINES["sqlite"], "NAME": ":memory:"}
    parts = urlsplit(url)
    engine, name, host = DATABASE_ENGINES[parts.scheme], unquote_plus(parts.path[1:]), parts.hostname or ""
    if parts.scheme == "sqlite":
        name = name or ":memory:"
    elif name.startswith("/"):
        host, name = name.rsplit("/", 1)
    database: dict[str, Any] = {
        "ENGINE": engine,
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": parts.port or "",
    }
    options: dict[str, Any] = {}
    for option, value in parse_qsl(parts.query):
        if option.upper() in _CONNECTION_SETTINGS:
            database[option.upper()] = _literal(value)
        else:
            options[option] = int(value) if value.isdecimal() else value
    return database | ({"OPTIONS": options} if options else {})


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


def _literal(value: str) -> Any:
    with suppress(ValueError, SyntaxError):
        return ast.literal_eval(value)
    return value
