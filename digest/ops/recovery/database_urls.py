"""The URLs of databases, as DATABASE_URL and `manage.py move` take them. Pure."""

import ast
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
_CONNECTION_SETTINGS = (
    "CONN_MAX_AGE",
    "ATOMIC_REQUESTS",
    "AUTOCOMMIT",
    "DISABLE_SERVER_SIDE_CURSORS",
    "CONN_HEALTH_CHECKS",
)


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
        elif option in ("host", "port", "user"):  # as libpq's own URLs; pg_dump gets them, too
            database[option.upper()] = value
        else:
            options[option] = int(value) if value.isdecimal() else value
    return database | ({"OPTIONS": options} if options else {})


def _literal(value: str) -> Any:
    with suppress(ValueError, SyntaxError):
        return ast.literal_eval(value)
    return value
