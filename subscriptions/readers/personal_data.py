"""All that is known about one reader: to hand out, and to erase (GDPR, art. 15, 17 and 20).

The reader's row and every row that hangs on it are found by their foreign keys, in whichever app they are: what a new
model stores about readers is handed out and erased without a word here. `PersonalDataSource`s add what hangs on no
foreign key.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import NestedObjects
from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import ForeignKey, Model, prefetch_related_objects

from subscriptions import outbox
from subscriptions.email_addresses import address_hash
from subscriptions.models import Consent, FormPost, OwedNotice, Subscriber, Suppression
from subscriptions.readers import consents, lifecycle
from subscriptions.readers.consents import Trace
from subscriptions.security import abuse_limits

Data = dict[str, Any]
AFTER_A_MOVE = dt.timedelta(days=7)


@dataclass(frozen=True)
class PersonalDataSource:
    """Somebody who keeps data about readers elsewhere than in rows with a foreign key to them."""

    export: Callable[[Subscriber], Data]
    erase: Callable[[Subscriber], object]


_keepers: list[PersonalDataSource] = []


def register(keeper: PersonalDataSource) -> None:
    """Have `keeper` asked, too. For `AppConfig.ready`."""
    _keepers.append(keeper)


def export(subscriber: Subscriber, *, now: dt.datetime) -> Data:
    """Everything about the reader, ready for JSON: by kind of row, a list of them."""
    data: Data = {"exported_at": now, "site": settings.SITE_URL}
    for row in _rows(subscriber):
        data.setdefault(str(row._meta.verbose_name_plural), []).append(_as_dict(row))
    data["consents"] = [_as_dict(row) for row in Consent.objects.filter(reader_uid=subscriber.uid)]
    data["suppressions"] = [_as_dict(row) for row in _suppressions(subscriber)]
    for keeper in _keepers:
        data |= keeper.export(subscriber)
    return data


class Asked(StrEnum):
    """What became of a reader's asking for their data."""

    MAILED = "mailed"
    TOO_OFTEN = "too_often"
    JUST_MOVED = "just_moved"
    SUPPRESSED = "suppressed"


def ask_for_link(subscriber: Subscriber, *, now: dt.datetime) -> Asked:
    """Email the reader a link to their data, which a forwarded digest must not open.

    There is none in the first week after a change of address. The former address is informed of the change at once,
    and if somebody else made it, the reader has the week to say so.
    """
    if lifecycle.is_suppressed(subscriber.email):
        return Asked.SUPPRESSED
    moved = Consent.objects.filter(reader_uid=subscriber.uid, event=Consent.Event.MOVED)
    if moved.filter(happened_at__gt=now - AFTER_A_MOVE).exists():
        return Asked.JUST_MOVED
    if abuse_limits.acquire(abuse_limits.data_links(subscriber.uid), now=now):
        return Asked.TOO_OFTEN
    lifecycle.queue_notice(subscriber, OwedNotice.Kind.DATA, now=now)
    return Asked.MAILED


def erasure_recipients(subscriber: Subscriber) -> list[str]:
    """The addresses to which a last mail should say that the reader was erased: theirs, and a former one that has yet
    to hear that it was replaced. Whoever takes a subscription over must not be able to end it unheard."""
    former = subscriber.owed_notices.filter(kind=OwedNotice.Kind.MOVED).values_list("to", flat=True)
    return [address for address in (subscriber.email, *former) if not lifecycle.is_suppressed(address)]


def erase(subscriber: Subscriber, trace: Trace | None = None) -> None:
    """Delete everything about the reader. What stays names nobody: keyed hashes, in the log of consents and among the
    suppressed addresses."""
    with transaction.atomic():
        for keeper in _keepers:
            keeper.erase(subscriber)
        consents.record(subscriber, Consent.Event.ERASED, Trace(where=trace.where if trace else ""))
        consents.strip(subscriber.uid)
        addresses = [subscriber.email, subscriber.new_email, *subscriber.owed_notices.values_list("to", flat=True)]
        for address in filter(None, addresses):
            FormPost.objects.filter(email__iexact=address).delete()
        _log_of_admins(subscriber).update(object_repr=f"reader {subscriber.uid}", change_message="")
        subscriber.delete()
    for address in filter(None, addresses):
        outbox.forget(address)


def _rows(subscriber: Subscriber) -> list[Model]:
    """The rows that would be deleted with the reader's, that one first; each kind read at once."""
    found = NestedObjects(using=DEFAULT_DB_ALIAS)
    found.collect([subscriber])
    rows: list[Model] = []
    for model, instances in sorted(found.data.items(), key=lambda item: item[0] is not Subscriber):
        same = sorted(instances, key=lambda row: str(row.pk).rjust(20))
        keys = [field.name for field in model._meta.fields if isinstance(field, ForeignKey)]
        prefetch_related_objects(same, *keys)
        rows += same
    return rows


def _as_dict(row: Model) -> Data:
    """The fields of the row; a reference as what it refers to is called."""
    fields = (field for field in row._meta.fields if not field.primary_key)
    values = {field.name: getattr(row, field.name) for field in fields}
    return {name: str(value) if isinstance(value, Model) else value for name, value in values.items()}


def _suppressions(subscriber: Subscriber) -> Any:
    return Suppression.objects.filter(address_hash=address_hash(subscriber.email))


def _log_of_admins(subscriber: Subscriber) -> Any:
    kind = ContentType.objects.get_for_model(Subscriber)
    return LogEntry.objects.filter(content_type=kind, object_id=str(subscriber.pk))
