"""The log of consents: the wording on the form, and each step that a reader takes."""

import datetime as dt
import hashlib
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.dispatch import Signal
from django.utils import translation
from django.utils.translation import gettext as _

from subscriptions import brand
from subscriptions.email_addresses import address_hash
from subscriptions.models import Consent, ConsentText, Subscriber

# Steps were added to the log. Sent in their transaction, with `steps` (a list of Consent).
recorded = Signal()

Event = Consent.Event
PROOFS = (Event.ASKED, Event.CONFIRMED)  # the steps that are logged with IP address and browser


@dataclass(frozen=True)
class Trace:
    """The origin of a step: `where` is the page, and `text` the version of the consent text on it.

    `subscriptions.views.common.trace` makes it from a request.
    """

    where: str = ""
    text: str = ""
    ip: str = ""
    user_agent: str = ""


def text() -> str:
    """Return the text that a reader agrees to by signing up, in the active language."""
    return _(
        "By signing up you agree that %(site)s stores your address and what you follow, and emails you papers "
        "until you unsubscribe, by the link in any email. No one else gets your address."
    ) % {"site": brand.current().name}


def version_of(wording: str) -> str:
    return hashlib.sha256(wording.encode()).hexdigest()[:16]


def record(subscriber: Subscriber, event: str, trace: Trace | None = None) -> None:
    """Add a step to the log."""
    trace = trace or Trace()
    if event not in PROOFS:
        trace = replace(trace, ip="", user_agent="")
    if trace.text:
        _store_text(trace.text)
    step = _make_row(subscriber, event, trace)
    step.save()
    recorded.send(Consent, steps=[step])


def record_withdrawals(readers: Iterable[tuple[Subscriber, str]]) -> None:
    """Log the withdrawal of many readers, each given with the channel that reported it."""
    record_many(readers, Event.WITHDRAWN)


def record_many(readers: Iterable[tuple[Subscriber, str]], event: str) -> None:
    """Log one step of many readers, each given with its channel."""
    steps = [_make_row(reader, event, Trace(where=where)) for reader, where in readers]
    Consent.objects.bulk_create(steps, batch_size=500)
    recorded.send(Consent, steps=steps)


def _make_row(subscriber: Subscriber, event: str, trace: Trace) -> Consent:
    return Consent(
        reader_uid=subscriber.uid,
        address_hash=address_hash(subscriber.email),
        event=event,
        where=trace.where[:200],
        text_version=trace.text,
        ip=trace.ip or None,
        user_agent=trace.user_agent[:200],
    )


def strip(reader_uid: uuid.UUID) -> None:
    """Remove IP addresses and browsers from an erased reader's log; keep when and to what they agreed."""
    Consent.objects.filter(reader_uid=reader_uid).update(ip=None, user_agent="")


def delete_unconfirmed(uids: "QuerySet[Subscriber, Any]") -> None:
    """Delete the log of readers who never confirmed, because they never consented to anything.

    The log of those who were imported or objected stays: an import must find that they left.
    """
    decided = Consent.objects.filter(event__in=(Event.CONFIRMED, Event.IMPORTED, Event.WITHDRAWN)).values("reader_uid")
    Consent.objects.filter(reader_uid__in=uids).exclude(reader_uid__in=decided).delete()


def delete_old(*, now: dt.datetime) -> int:
    """Remove IP addresses and browsers from steps older than RETENTION_DAYS. Return the number of steps."""
    old = Consent.objects.filter(happened_at__lt=now - dt.timedelta(days=settings.RETENTION_DAYS))
    return old.exclude(ip=None, user_agent="").update(ip=None, user_agent="")


def known_version(version: str) -> str:
    """Return `version` if it is one of our wordings; else "", because no one can agree to a text that never existed."""
    if not re.fullmatch("[0-9a-f]{16}", version):
        return ""
    return version if version in _wordings() or ConsentText.objects.filter(pk=version).exists() else ""


def _store_text(version: str) -> None:
    language, wording = _wordings().get(version, ("", ""))
    if wording:
        ConsentText.objects.get_or_create(version=version, defaults={"language": language, "text": wording})


def _wordings() -> dict[str, tuple[str, str]]:
    """Return the current language and text of each version."""
    wordings = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            wording = text()
        wordings[version_of(wording)] = (language, wording)
    return wordings
