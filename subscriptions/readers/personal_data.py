"""Export and erasure of a reader's personal data (GDPR, art. 15, 17 and 20).

The reader's row and all rows that refer to it are found by their foreign keys, in any app. So the rows of a new model
are exported and erased without a change here. A `PersonalDataSource` adds data without a foreign key.
"""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import NestedObjects
from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import ForeignKey, Model, Q, prefetch_related_objects

from subscriptions import outbox
from subscriptions.email_addresses import address_hash
from subscriptions.models import Consent, ErasureNotice, FormPost, OwedNotice, Subscriber, Suppression, TopicFilter
from subscriptions.readers import consents, lifecycle
from subscriptions.readers.consents import Trace
from subscriptions.security import abuse_limits

Data = dict[str, Any]
ERASED_AT_ONCE = 10_000
WAIT_AFTER_ADDRESS_CHANGE = dt.timedelta(days=7)  # for the former address to object


@dataclass(frozen=True)
class PersonalDataSource:
    """The functions that export and erase personal data without a foreign key to the reader."""

    export: Callable[[Subscriber], Data]
    erase: Callable[[Subscriber], object]


_sources: list[PersonalDataSource] = []


def register(source: PersonalDataSource) -> None:
    """Add a source. Call it in `AppConfig.ready`."""
    _sources.append(source)


def export(subscriber: Subscriber, *, now: dt.datetime) -> Data:
    """Return all data about the reader, ready for JSON: a list of rows for each kind."""
    data: Data = {"exported_at": now, "site": settings.SITE_URL}
    for row in _rows(subscriber):
        data.setdefault(str(row._meta.verbose_name_plural), []).append(_as_dict(row))
    data["consents"] = [_as_dict(row) for row in Consent.objects.filter(reader_uid=subscriber.uid)]
    data["suppressed addresses"] = [_as_dict(row) for row in _suppressions(subscriber)]
    for source in _sources:
        data |= source.export(subscriber)
    return data


class RequestOutcome(StrEnum):
    """The outcome of a reader's request for a link to their data."""

    MAILED = "mailed"
    TOO_OFTEN = "too_often"
    JUST_MOVED = "just_moved"
    SUPPRESSED = "suppressed"


def ask_for_link(subscriber: Subscriber, *, now: dt.datetime) -> RequestOutcome:
    """Queue an email with a link to the reader's data, which a forwarded digest must not open.

    Refuse this in the first days after a change of address. The former address is notified of the change at once, so
    the reader has these days to object if someone else made it.
    """
    if lifecycle.is_suppressed(subscriber.email):
        return RequestOutcome.SUPPRESSED
    moved = Consent.objects.filter(reader_uid=subscriber.uid, event=Consent.Event.MOVED)
    if moved.filter(happened_at__gt=now - WAIT_AFTER_ADDRESS_CHANGE).exists():
        return RequestOutcome.JUST_MOVED
    if abuse_limits.refused_by(abuse_limits.data_link_limit(subscriber.uid), now=now):
        return RequestOutcome.TOO_OFTEN
    lifecycle.queue_notice(subscriber, OwedNotice.Kind.DATA, now=now)
    return RequestOutcome.MAILED


def erasure_recipients(subscriber: Subscriber) -> list[str]:
    """Return the addresses to notify of the erasure: the reader's own, and a former one that has a queued notice.

    A person who takes over a subscription must not be able to erase it without the former address knowing.
    """
    former = subscriber.owed_notices.filter(kind=OwedNotice.Kind.MOVED).values_list("to", flat=True)
    return [address for address in (subscriber.email, *former) if not lifecycle.is_suppressed(address)]


def erase(subscriber: Subscriber, trace: Trace | None = None, *, notified_at: dt.datetime | None = None) -> None:
    """Delete all data about the reader, except keyed hashes in the log of consents and the suppression list.

    With `notified_at`, queue a last email at that time. It is in a table and not in a task's arguments, because the
    broker keeps those in a file, and because the email must come even if the broker can't be reached.
    """
    with transaction.atomic():
        if notified_at:
            as_new = {"language": subscriber.language, "asked_at": notified_at, "claimed_at": None}
            for address in erasure_recipients(subscriber):
                ErasureNotice.objects.update_or_create(address=address, defaults=as_new)
        for source in _sources:
            source.erase(subscriber)
        consents.record(subscriber, Consent.Event.ERASED, Trace(where=trace.where if trace else ""))
        consents.strip(subscriber.uid)
        addresses = [subscriber.email, subscriber.new_email, *subscriber.owed_notices.values_list("to", flat=True)]
        for address in filter(None, addresses):
            FormPost.objects.filter(email__iexact=address).delete()
        _log_of_admins(subscriber).update(object_repr=f"reader {subscriber.uid}", change_message="")
        subscriber.delete()
    for address in filter(None, addresses):
        outbox.delete_emails_to(address)


def erase_former_readers(*, now: dt.datetime, seconds: float = 100) -> int:
    """Erase readers who unsubscribed or were suppressed RETENTION_UNSUBSCRIBED_DAYS ago. Return their number.

    It ends after `seconds`, and the rest is left to the next day. The log of consents and the suppression list keep
    their keyed hashes: they show that the consent was withdrawn, so that no import adds the address again.
    """
    if not settings.RETENTION_UNSUBSCRIBED_DAYS:
        return 0
    until = now - dt.timedelta(days=settings.RETENTION_UNSUBSCRIBED_DAYS)
    erased, ends_at = 0, time.monotonic() + seconds
    for pk in list(Subscriber.objects.left_before(until).order_by("pk").values_list("pk", flat=True)[:ERASED_AT_ONCE]):
        if time.monotonic() > ends_at:
            break
        erased += _erase_if_former(pk, until)
    return erased


def _erase_if_former(pk: int, until: dt.datetime) -> bool:
    """Erase the reader unless they returned since the list was read. Return whether they were erased."""
    with transaction.atomic():
        reader = Subscriber.objects.select_for_update().filter(pk=pk).left_before(until).first()
        if reader is None:
            return False
        erase(reader, Trace(where="retention"))
    return True


def _rows(subscriber: Subscriber) -> list[Model]:
    """Return the reader's row and then all rows that would be deleted with it, with one query for each kind."""
    collector = NestedObjects(using=DEFAULT_DB_ALIAS)
    collector.collect([subscriber])
    rows: list[Model] = []
    for model, instances in sorted(collector.data.items(), key=lambda item: item[0] is not Subscriber):
        same = sorted(instances, key=lambda row: str(row.pk).rjust(20))
        keys = [field.name for field in model._meta.fields if isinstance(field, ForeignKey)]
        prefetch_related_objects(same, *keys)
        rows += same
    return rows


def _as_dict(row: Model) -> Data:
    """Return the row's fields except its key, and the names of related rows instead of their keys."""
    fields = (field for field in row._meta.fields if not field.primary_key)
    values = {field.name: getattr(row, field.name) for field in fields}
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold: the name of a related row, and bytes in hexadecimal."""
    if isinstance(value, Model):
        return str(value)
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def _suppressions(subscriber: Subscriber) -> Any:
    return Suppression.objects.filter(address_hash=address_hash(subscriber.email))


def _log_of_admins(subscriber: Subscriber) -> Any:
    """Return the log entries about the reader's row and about their filters, which may hold their words."""
    kind, of_filters = (ContentType.objects.get_for_model(model) for model in (Subscriber, TopicFilter))
    filters = [str(pk) for pk in subscriber.filters.values_list("pk", flat=True)]
    return LogEntry.objects.filter(
        Q(content_type=kind, object_id=str(subscriber.pk)) | Q(content_type=of_filters, object_id__in=filters)
    )
