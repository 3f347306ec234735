"""The log of consents: what stood on the form, and each step that a reader took since."""

import datetime as dt
import hashlib
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from subscriptions import brand
from subscriptions.email_addresses import address_hash
from subscriptions.models import Consent, ConsentText, Subscriber

Event = Consent.Event
PROOFS = (Event.ASKED, Event.CONFIRMED)  # steps of which it is kept from where and by which browser they were taken


@dataclass(frozen=True)
class Trace:
    """By which way a step came. `where`: the page; `text`: the version of the consent text that stood there."""

    where: str = ""
    text: str = ""
    ip: str = ""
    user_agent: str = ""


def text() -> str:
    """What a reader agrees to by signing up, in the language that is active now."""
    return _(
        "By signing up you agree that %(site)s keeps your address and what you follow, and mails you papers by it, "
        "until you leave. Leaving takes one click in any mail. Nobody else gets your address."
    ) % {"site": brand.current().name}


def version_of(wording: str) -> str:
    return hashlib.sha256(wording.encode()).hexdigest()[:16]


def record(subscriber: Subscriber, event: str, trace: Trace | None = None) -> None:
    """Add a step to the log."""
    trace = trace or Trace()
    if event not in PROOFS:
        trace = replace(trace, ip="", user_agent="")
    if trace.text:
        _keep_text(trace.text)
    _step(subscriber, event, trace).save()


def record_withdrawals(readers: Iterable[tuple[Subscriber, str]]) -> None:
    """Add the end of many consents to the log: each reader, and where it was reported."""
    Consent.objects.bulk_create(_step(reader, Event.WITHDRAWN, Trace(where=where)) for reader, where in readers)


def _step(subscriber: Subscriber, event: str, trace: Trace) -> Consent:
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
    """Leave of an erased reader that, when and to what they agreed; take where from, and by which browser."""
    Consent.objects.filter(reader_uid=reader_uid).update(ip=None, user_agent="")


def forget_unconfirmed(uids: "QuerySet[Subscriber, Any]") -> None:
    """Forget that somebody signed these up, unless they once confirmed: nobody consented to anything."""
    confirmed = Consent.objects.filter(event=Event.CONFIRMED).values("reader_uid")
    Consent.objects.filter(reader_uid__in=uids).exclude(reader_uid__in=confirmed).delete()


def prune(*, now: dt.datetime) -> int:
    """Forget the networks and browsers of steps older than RETENTION_DAYS; how many steps had some."""
    old = Consent.objects.filter(happened_at__lt=now - dt.timedelta(days=settings.RETENTION_DAYS))
    return old.exclude(ip=None, user_agent="").update(ip=None, user_agent="")


def known_version(version: str) -> str:
    """`version` if it is one of our wordings; else "": nobody can be said to have agreed to what we never wrote."""
    if not re.fullmatch("[0-9a-f]{16}", version):
        return ""
    return version if version in _wordings() or ConsentText.objects.filter(pk=version).exists() else ""


def _keep_text(version: str) -> None:
    language, wording = _wordings().get(version, ("", ""))
    if wording:
        ConsentText.objects.get_or_create(version=version, defaults={"language": language, "text": wording})


def _wordings() -> dict[str, tuple[str, str]]:
    """By version: the language and the text, as we write it today."""
    found = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            wording = text()
        found[version_of(wording)] = (language, wording)
    return found
