"""The audit log: the actions of staff, with their time and row.

It is Django's own log of the admin, so that the history of each row shows the same entries. An entry names a reader by
`uid`, never by address, and quotes none of their words.
"""

import json
from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet

ACTION, LOGIN = 4, 5  # in addition to Django's own flags
FLAGS = {ADDITION: "added", CHANGE: "changed", DELETION: "deleted", ACTION: "ran an action", LOGIN: "logged in"}
OPENED = "Opened the page"  # the beginning of the entries about who looked at a reader
ROWS_AT_ONCE = 1_000
COMMANDS = "command-line"  # the account of all commands; no one can log in to it


def record(*, by: Any, action: str, target: Model | str = "", detail: str = "", flag: int = ACTION) -> None:
    """Log that `by`, a user or the name of one, did `action` to `target`, a row or words such as “all sending”.

    `detail` is a sentence, such as the reason or how many rows. It must name no reader.
    """
    message = f"{action} {detail}".strip()
    if isinstance(target, Model):
        record_rows(by=by, rows=[target], message=message, flag=flag)
    else:
        entry = _entry(*_account_of(by, message), flag)
        entry.object_repr = target[:200]
        entry.save()


def record_rows(*, by: Any, rows: Iterable[Model], message: str | list[Any], flag: int = ACTION) -> None:
    """Log the same for each of `rows`, in batches. A list as `message` is a change as Django's admin describes it."""
    user, text = _account_of(by, json.dumps(message) if isinstance(message, list) else message)
    remaining = iter(rows)
    while batch := list(islice(remaining, ROWS_AT_ONCE)):
        LogEntry.objects.bulk_create([_about(row, _entry(user, text, flag)) for row in batch])


def entries_of(row: Model) -> QuerySet[LogEntry]:
    """Return the entries about a row, which are its history in the admin."""
    kind = ContentType.objects.get_for_model(row, for_concrete_model=False)
    return LogEntry.objects.filter(content_type=kind, object_id=str(row.pk))


def name_of(row: Model) -> str:
    """Return the name of a row in the log: `log_name` if it has one, because a name may be personal data."""
    return str(getattr(row, "log_name", row))[:200]


def _entry(user: int, message: str, flag: int) -> LogEntry:
    return LogEntry(user_id=user, action_flag=flag, change_message=message)


def _about(row: Model, entry: LogEntry) -> LogEntry:
    entry.content_type = ContentType.objects.get_for_model(row, for_concrete_model=False)
    entry.object_id, entry.object_repr = str(row.pk), name_of(row)
    return entry


def _account_of(by: Any, message: str) -> tuple[int, str]:
    """Return the id of the account of `by`, and the message, which names who it was if they have no account."""
    if not isinstance(by, str):
        return by.pk, message
    accounts: Any = get_user_model()._default_manager
    user = accounts.filter(username=by).only("pk").first()
    if user is not None:
        return user.pk, message
    user, is_new = accounts.get_or_create(username=COMMANDS, defaults={"is_active": False})
    if is_new:
        user.set_unusable_password()
        user.save()
    return user.pk, f"{message} By {by}."
