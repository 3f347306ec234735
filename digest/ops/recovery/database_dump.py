"""Dumps of the database: SQLite by its backup API, PostgreSQL by pg_dump and pg_restore.

A dump is consistent while the site is running. Its rows are counted in the same snapshot.
"""

# ruff: noqa: S608  # the SQL is built from names of our tables

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from digest.ops.recovery import disk_errors

OLD_SCHEMA = "before_restore"


class DumpError(Exception):
    """The database could not be dumped or restored. The message says why and what to do."""


def tables() -> list[str]:
    """Return the tables of all models, and those between them."""
    return sorted(
        {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
        | {"django_migrations"}
    )


def dump(path: Path) -> dict[str, int]:
    """Write the database to `path`. Return the number of rows by table. Raise DumpError."""
    return _dump_sqlite(path) if connection.vendor == "sqlite" else _dump_postgresql(path)


def load(path: Path) -> None:
    """Replace the database with the dump. If that fails, leave the database as it was and raise DumpError.

    Other processes must be stopped. On SQLite, the old file is kept beside the new one.
    """
    if connection.vendor == "sqlite":
        _load_sqlite(path)
    else:
        _load_postgresql(path)


def is_empty() -> bool:
    """Return whether the database has no readers, editions or deliveries, so that nothing is lost by replacing it."""
    if _has_no_file():
        return True  # a query would create the file, and a restore that then fails would leave it behind
    present = connection.introspection.table_names()
    asked = [name for name in ("subscriptions_subscriber", "digest_edition", "digest_delivery") if name in present]
    with connection.cursor() as cursor:
        for name in asked:
            cursor.execute(f"SELECT 1 FROM {name} LIMIT 1")
            if cursor.fetchone():
                return False
    return True


def _has_no_file() -> bool:
    """Return whether this is an SQLite database that is neither in memory nor a file that exists."""
    name = str(connection.settings_dict["NAME"])
    in_memory = ":memory:" in name or "mode=memory" in name  # the two forms that Django knows
    return connection.vendor == "sqlite" and not in_memory and not Path(name).exists()


def counts() -> dict[str, int]:
    """Return the number of rows by table."""
    with connection.cursor() as cursor:
        return _count(cursor, connection.introspection.table_names(cursor))


def require_alone() -> None:
    """Raise DumpError if another process uses the database."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            others = cursor.fetchone()[0]
        if others:
            raise DumpError(f"{others} other connections use the database. Stop web, workers and beat on all machines.")
    else:
        _require_alone_on_sqlite()


def _require_alone_on_sqlite() -> None:
    path = str(connection.settings_dict["NAME"])
    connection.close()
    if not Path(path).exists():
        return
    try:
        # It needs the file for itself: any other connection in WAL mode makes it fail.
        with closing(sqlite3.connect(path, timeout=1)) as file:
            mode = file.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except sqlite3.OperationalError as error:
        raise DumpError(f"Another process uses {path}. Stop the site first. ({error})") from error
    except sqlite3.DatabaseError:
        return  # a broken file, which is to be replaced
    if mode == "wal":
        raise DumpError(f"Another process uses {path}. Stop the site first.")


def _dump_sqlite(path: Path) -> dict[str, int]:
    connection.ensure_connection()
    with closing(sqlite3.connect(path)) as copy:
        try:
            connection.connection.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:  # a full disk, most of all
            reason = disk_errors.with_advice(f"{error}.")
            raise DumpError(f"The database can't be copied: {reason}") from error
        _check_sqlite(copy)
        present = [name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return _count(copy.cursor(), present)


def _check_sqlite(copy: sqlite3.Connection) -> None:
    try:
        found = copy.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise DumpError(f"The database is damaged: {error}") from error
    if found != "ok":
        raise DumpError(f"The database is damaged: {found}")


def _load_sqlite(path: Path) -> None:
    target = Path(connection.settings_dict["NAME"])
    with closing(sqlite3.connect(path)) as copy:
        _check_sqlite(copy)
    _require_alone_on_sqlite()
    draft = target.with_name(f"{target.name}.restoring")
    try:
        shutil.copyfile(path, draft)
        draft.chmod(0o600)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise DumpError(disk_errors.describe(error, target.parent)) from error
    if target.exists():
        target.replace(target.with_name(f"{target.name}.before_restore"))
    for ending in ("-wal", "-shm"):
        Path(f"{target}{ending}").unlink(missing_ok=True)
    draft.replace(target)


def _dump_postgresql(path: Path) -> dict[str, int]:
    with _snapshot() as (other, name), other.cursor() as cursor:
        _run("pg_dump", "--format=custom", "--no-owner", "--no-acl", f"--snapshot={name}", f"--file={path}")
        return _count(cursor, other.introspection.table_names(cursor))


@contextmanager
def _snapshot() -> Iterator[tuple[BaseDatabaseWrapper, str]]:
    """Yield a connection with a frozen view of the database, and its name for pg_dump."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            yield other, cursor.fetchone()[0]
    finally:
        other.close()


def _load_postgresql(path: Path) -> None:
    """Restore into a new schema `public`. The old one waits under another name, and comes back if that fails."""
    require_alone()
    with connection.cursor() as cursor:
        try:
            cursor.execute(f"DROP SCHEMA IF EXISTS {OLD_SCHEMA} CASCADE")
            cursor.execute(f"ALTER SCHEMA public RENAME TO {OLD_SCHEMA}")
            cursor.execute("CREATE SCHEMA public")
        except Exception as error:
            raise DumpError(
                f"The old tables can't be put aside ({str(error).strip()}). Create an empty database that belongs to "
                "this user, and name it in DATABASE_URL."
            ) from error
    connection.close()
    try:
        _run("pg_restore", "--no-owner", "--no-acl", "--exit-on-error", "--single-transaction", str(path))
    except DumpError:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute(f"ALTER SCHEMA {OLD_SCHEMA} RENAME TO public")
        raise
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA {OLD_SCHEMA} CASCADE")
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"ANALYZE {table}")
    connection.close()


def _run(tool: str, *arguments: str) -> None:
    """Run a tool of PostgreSQL. The password goes through the environment, which other users can't read."""
    found = shutil.which(tool)
    if found is None:
        raise DumpError(f"{tool} is not installed. On Debian: sudo apt install postgresql-client")
    # Django's connection arguments begin with psql and end with the name of the database.
    client, variables = connection.client.settings_to_cmd_args_env(connection.settings_dict, [])
    *options, database = client[1:]
    command = [found, *options, f"--dbname={database}", *arguments]
    done = subprocess.run(  # noqa: S603  # PostgreSQL's own tool
        command, env=os.environ | (variables or {}), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DumpError(f"{tool} failed: {done.stderr.strip()[:2000]}")


def _count(cursor: Any, present: list[str]) -> dict[str, int]:
    found = {}
    for table in tables():
        if table in present:
            cursor.execute(f"SELECT COUNT(*) FROM {table}")
            found[table] = cursor.fetchone()[0]
    return found
