"""The move of everything to another database, such as from SQLite to PostgreSQL.

Tables are copied in the order of their foreign keys, a few thousand rows at a time, in the order of their ids. So a
move that was interrupted continues after the highest id that has arrived.
"""

import datetime as dt
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from graphlib import TopologicalSorter
from itertools import islice
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management.color import no_style
from django.db import connection, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, ForeignKey, Max, Model

from digest.models import Installation, Pause
from digest.models.installations import ONLY
from digest.ops.recovery import database_dump, disk_errors, guard, keys
from digest.ops.recovery.database_urls import parse_database_url

TARGET = "target"
BATCH = 5_000  # rows
MOVED = "Everything was moved to another database at {at:%Y-%m-%d %H:%M} UTC. Set DATABASE_URL to that one."
MOVING = "The move into this database is not complete. Run the same command again."
# PostgreSQL's driver takes their Python values as they are.
PLAIN = (
    models.IntegerField,
    models.CharField,
    models.TextField,
    models.BooleanField,
    models.DateField,
    models.UUIDField,
)

Progress = Callable[[int], object]


class MoveError(Exception):
    """Not everything was moved. The message says why and what to do."""


def move(url: str, *, now: dt.datetime, show: Callable[[int], Progress]) -> dict[str, int]:
    """Copy all tables except sessions into the database of `url`. Return the number of rows by table.

    It must be empty, or contain the first part of this move. Raise MoveError or DumpError.
    """
    keys.verify()
    database_dump.require_alone()
    source = Installation.load()
    if source.behind_since and not source.behind_reason.startswith(MOVED[:30]):
        raise MoveError(f"Decide about this first: {source.behind_reason}")
    target = _connect(url)
    is_new = _is_new_file(target)
    is_begun = _is_begun(target)
    if not is_begun:  # migrations would add rows to a database that is half full
        _migrate(url, target, is_new=is_new)
    _require_fitting(target, source, is_begun=is_begun)
    # 1. The old database sends nothing from now on, even if it is started by mistake.
    guard.hold(MOVED.format(at=now), now=now)
    if not is_begun:
        _prepare(target, source, now)
    # 2. Copy.
    counts = {model._meta.db_table: model._base_manager.count() for model in moved_models()}
    progress = show(sum(counts.values()))
    for model in moved_models():
        _copy(model, target, progress)
    # 3. Verify, and only then make the new database usable.
    _verify(target, counts)
    _finish(target, source)
    return counts


def moved_models() -> list[type[Model]]:
    """Return the models to copy, each after those that it refers to."""
    chosen = {
        model: {
            field.related_model
            for field in model._meta.concrete_fields
            if isinstance(field, ForeignKey) and field.related_model is not model
        }
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model not in (Session, Installation)
    }
    return [model for model in TopologicalSorter(chosen).static_order() if model in chosen]


def _is_new_file(target: BaseDatabaseWrapper) -> bool:
    """Return whether the target is an SQLite file that does not exist. Raise MoveError if its folder is no good."""
    if target.vendor != "sqlite":
        return False
    path = Path(target.settings_dict["NAME"]).absolute()
    if not path.parent.is_dir():
        raise MoveError(f"There is no folder {path.parent}. Create it first.")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            return not path.exists()
    except OSError as error:
        raise MoveError(disk_errors.describe(error, path.parent)) from error


def _migrate(url: str, target: BaseDatabaseWrapper, *, is_new: bool) -> None:
    """Prepare the tables in a process of its own, where that database is the only one.

    If that fails, delete an SQLite file that is new.
    """
    target.close()
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "migrate", "-v0"]
    done = subprocess.run(  # noqa: S603  # our own
        command, env=os.environ | {"DATABASE_URL": url}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        if is_new:
            for ending in ("", "-wal", "-shm", "-journal"):
                Path(f"{target.settings_dict['NAME']}{ending}").unlink(missing_ok=True)
        reason = disk_errors.with_advice(_last_line(done.stderr))
        raise MoveError(f"The new database can't be prepared: {reason}")


def _last_line(text: str) -> str:
    """Return the message at the end of a traceback, as a sentence."""
    message = (text.strip().splitlines() or ["the reason is unknown"])[-1]
    named, _, rest = message.partition("Error: ")  # such as django.db.utils.OperationalError
    return rest.rstrip(".") + "." if rest and " " not in named else message


def _connect(url: str) -> BaseDatabaseWrapper:
    own = parse_database_url(url)
    if all(
        str(own.get(part, "")) == str(connection.settings_dict[part]) for part in ("ENGINE", "NAME", "HOST", "PORT")
    ):
        raise MoveError("The new database is the one of DATABASE_URL. Name an empty one.")
    options = own.get("OPTIONS", {})
    if own["ENGINE"].endswith("sqlite3"):
        options = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL;"} | options
    unpooled = {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
    connections.settings[TARGET] = connection.settings_dict | own | {"OPTIONS": options} | unpooled
    return connections[TARGET]


def _is_begun(target: BaseDatabaseWrapper) -> bool:
    """Return whether the target contains the first part of a move."""
    if Installation._meta.db_table not in target.introspection.table_names():
        return False
    return Installation.objects.using(target.alias).filter(pk=ONLY, behind_reason=MOVING).exists()


def _require_fitting(target: BaseDatabaseWrapper, source: Installation, *, is_begun: bool) -> None:
    """Raise MoveError if the target is neither empty nor the first part of this move."""
    if is_begun:
        if Installation.objects.using(target.alias).get(pk=ONLY).incarnation != source.incarnation:
            raise MoveError("The new database has the first part of another move. Name an empty one.")
        return
    for name in ("subscriptions.Subscriber", "digest.Edition", "digest.Delivery"):
        if apps.get_model(name)._base_manager.using(target.alias).exists():
            raise MoveError("The new database has readers or editions. Name an empty one.")


def _prepare(target: BaseDatabaseWrapper, source: Installation, now: dt.datetime) -> None:
    """Delete the rows that migrations have made, and mark the database as incomplete."""
    with transaction.atomic(using=target.alias):
        for model in reversed(moved_models()):
            model._base_manager.using(target.alias)._raw_delete(target.alias)
        Installation.objects.using(target.alias).update_or_create(
            pk=ONLY, defaults={"incarnation": source.incarnation, "behind_since": now, "behind_reason": MOVING}
        )


def _copy(model: type[Model], target: BaseDatabaseWrapper, progress: Progress) -> None:
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    there, here = model._base_manager.using(target.alias), model._base_manager.order_by("pk")
    # A row may refer to a later one of the same table, which has to arrive in the same transaction.
    refers_to_itself = any(isinstance(field, ForeignKey) and field.related_model is model for field in fields)
    if refers_to_itself or not isinstance(model._meta.pk, models.IntegerField):
        with transaction.atomic(using=target.alias):
            there._raw_delete(target.alias)
            rows = here.values_list(*(field.attname for field in fields)).iterator(BATCH)
            while batch := list(islice(rows, BATCH)):
                _insert(model, fields, batch, target)
                progress(len(batch))
        return
    last = there.aggregate(last=Max("pk"))["last"]
    if last is not None:
        progress(there.count())
    for batch in _batches(model, fields, last):
        with transaction.atomic(using=target.alias):
            _insert(model, fields, batch, target)
        progress(len(batch))


def _batches(model: type[Model], fields: list[Any], last: int | None) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows after the id `last`, in the order of their ids."""
    at_key = [field.attname for field in fields].index(model._meta.pk.attname)
    rows = model._base_manager.order_by("pk").values_list(*(field.attname for field in fields))
    while batch := list((rows if last is None else rows.filter(pk__gt=last))[:BATCH]):
        yield batch
        last = batch[-1][at_key]


def _insert(model: type[Model], fields: list[Any], rows: list[tuple[Any, ...]], target: BaseDatabaseWrapper) -> None:
    table = target.ops.quote_name(model._meta.db_table)
    columns = ", ".join(target.ops.quote_name(field.column) for field in fields)
    prepared = _prepared(fields, rows, target)
    with target.cursor() as cursor:
        if target.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in prepared:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(prepared))  # noqa: S608


def _prepared(
    fields: list[Any], rows: list[tuple[Any, ...]], target: BaseDatabaseWrapper
) -> Iterator[list[Any] | tuple[Any, ...]]:
    """Yield the rows with their values as the target's driver takes them."""
    converted = [at for at, field in enumerate(fields) if not _is_plain(field, target)]
    if not converted:
        yield from rows
        return
    for row in rows:
        values = list(row)
        for at in converted:
            values[at] = fields[at].get_db_prep_save(values[at], target)
        yield values


def _is_plain(field: "Field[Any, Any]", target: BaseDatabaseWrapper) -> bool:
    return target.vendor == "postgresql" and isinstance(field, (*PLAIN, ForeignKey))


def _verify(target: BaseDatabaseWrapper, counts: dict[str, int]) -> None:
    for model in moved_models():
        table = model._meta.db_table
        here, there = (model._base_manager.using(alias) for alias in ("default", target.alias))
        arrived = there.count()
        ends = (here.aggregate(last=Max("pk"))["last"], there.aggregate(last=Max("pk"))["last"])
        if not counts[table] == here.count() == arrived or ends[0] != ends[1]:
            raise MoveError(
                f"{table} has {counts[table]} rows, and {arrived} arrived: it was changed meanwhile. Stop web, workers "
                "and beat, and move into another empty database."
            )


def _finish(target: BaseDatabaseWrapper, source: Installation) -> None:
    """Reset the sequences, and make the new database the installation that it was."""
    with target.cursor() as cursor:
        for statement in target.ops.sequence_reset_sql(no_style(), moved_models()):
            cursor.execute(statement)
        cursor.execute("ANALYZE")
    with transaction.atomic(using=target.alias):
        Pause.objects.using(target.alias).filter(reason__startswith=MOVED[:30], ended_at=None).delete()
        source.behind_since, source.behind_reason = None, ""
        source.save(using=target.alias)
