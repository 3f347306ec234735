"""What happens to a reader: sign up, confirm, prefer, pause, resume, unsubscribe, suppress.

Each function is idempotent: a second click changes nothing and is no error.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from subscriptions.models import Subscriber, Suppression, Topic, TopicFilter

NOTICE_INTERVAL = dt.timedelta(hours=24)  # a sign-up form sends at most one mail a day to one address
UNCONFIRMED_LIFETIME = dt.timedelta(days=30)

# The wishes that are fields of the reader's row; the others are rows of their own.
SETTINGS = ("frequency", "send_hour", "time_zone", "max_papers", "mail_quiet_days")

Status = Subscriber.Status
Notice = Subscriber.Notice
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Wishes:
    """What a reader asks for on the form."""

    topics: Iterable[Topic] = ()
    words: str = ""
    frequency: str = Subscriber.Frequency.DAILY
    send_hour: int = 7
    time_zone: str = "UTC"
    max_papers: int = 10
    mail_quiet_days: bool = False


def _on_the_current_row(
    change: Callable[Concatenate[Subscriber, P], R],
) -> Callable[Concatenate[Subscriber, P], R]:
    """Read the reader anew before `change`, and let nobody else change the row meanwhile.

    Else a reader who saves settings while a complaint or a second click comes in would write back what they were.
    """

    @wraps(change)
    def wrapper(subscriber: Subscriber, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with transaction.atomic():
            subscriber.refresh_from_db(from_queryset=Subscriber.objects.select_for_update())
            return change(subscriber, *args, **kwargs)

    return wrapper


def sign_up(email: str, wishes: Wishes, *, now: dt.datetime) -> None:
    """Begin, or begin again, and mail what fits: a confirmation, "already subscribed", or nothing.

    Tells the caller nothing, so that the page can't tell whether an address is known. The mail is only noted
    down here (`owed_notice`); `notices.send_owed` sends it.
    """
    if is_suppressed(email):
        return
    with transaction.atomic():
        subscriber = _get_or_create(email)
        if subscriber.status == Status.SUPPRESSED and not is_suppressed(email):
            subscriber.status = Status.UNSUBSCRIBED  # an admin has lifted the suppression
        if subscriber.status in (Status.PENDING, Status.UNSUBSCRIBED):
            # Unconfirmed again: if nobody confirms, the address is forgotten, as the mail says.
            subscriber.status, subscriber.confirmed_at = Status.PENDING, None
            subscriber.save()
            prefer(subscriber, wishes)
        # Anyone can type anyone's address: the settings of an active reader stay as they are.
        if _may_mail(subscriber, now):
            subscriber.owed_notice = (
                Notice.CONFIRM if subscriber.status == Status.PENDING else Notice.ALREADY_SUBSCRIBED
            )
            subscriber.notice_asked_at = now
            subscriber.save()


@_on_the_current_row
def confirm(subscriber: Subscriber, *, now: dt.datetime) -> bool:
    """Make a pending reader active. False if a suppressed or unsubscribed reader's old link was used."""
    if subscriber.status == Status.PENDING:
        _activate(subscriber, now)
    return subscriber.status in (Status.ACTIVE, Status.PAUSED)


@_on_the_current_row
def prefer(subscriber: Subscriber, wishes: Wishes) -> None:
    """Replace what the reader follows, and how it arrives."""
    for name in SETTINGS:
        setattr(subscriber, name, getattr(wishes, name))
    subscriber.full_clean()
    subscriber.save()
    subscriber.filters.all().delete()
    TopicFilter.objects.bulk_create(TopicFilter(subscriber=subscriber, topic=topic) for topic in wishes.topics)
    if wishes.words.strip():
        TopicFilter.objects.create(subscriber=subscriber, words=wishes.words.strip())


@_on_the_current_row
def pause(subscriber: Subscriber, until: dt.date) -> None:
    if subscriber.status in (Status.ACTIVE, Status.PAUSED):
        subscriber.status, subscriber.paused_until = Status.PAUSED, until
        subscriber.save()


@_on_the_current_row
def resume(subscriber: Subscriber, *, now: dt.datetime) -> None:
    if subscriber.status == Status.PAUSED:
        _activate(subscriber, now)


def resume_rested(*, now: dt.datetime) -> int:
    """Make readers whose pause is over active again; how many."""
    rested = Subscriber.objects.filter(status=Status.PAUSED, paused_until__lte=now.date())
    return rested.update(status=Status.ACTIVE, active_since=now, paused_until=None)


@_on_the_current_row
def unsubscribe(subscriber: Subscriber, *, now: dt.datetime) -> None:
    """End all mail at once. The next message that would go out is already not sent."""
    if subscriber.status not in (Status.UNSUBSCRIBED, Status.SUPPRESSED):
        subscriber.status, subscriber.unsubscribed_at = Status.UNSUBSCRIBED, now
        subscriber.paused_until = None
        # A reader who comes back gets a new confirmation without a day's wait.
        subscriber.owed_notice, subscriber.notice_asked_at = "", None
        subscriber.save()


def suppress(email: str, reason: str) -> None:
    """Never mail this address again, also after its reader's row is gone or signs up anew."""
    with transaction.atomic():
        Suppression.objects.get_or_create(address_hash=address_hash(email), defaults={"reason": reason})
        Subscriber.objects.by_email(email).update(status=Status.SUPPRESSED, owed_notice="")


def is_suppressed(email: str) -> bool:
    return Suppression.objects.filter(address_hash=address_hash(email)).exists()


def address_hash(email: str) -> str:
    """Keyed with ADDRESS_HASH_KEY, so that the table can't be searched for guessed addresses."""
    key = settings.ADDRESS_HASH_KEY
    return salted_hmac("subscriptions.suppression", email.strip().lower(), secret=key, algorithm="sha256").hexdigest()


def delete_unconfirmed(*, now: dt.datetime) -> int:
    """Forget sign-ups that nobody confirmed within 30 days; how many."""
    _, rows = Subscriber.objects.unconfirmed_before(now - UNCONFIRMED_LIFETIME).delete()
    return rows.get("subscriptions.Subscriber", 0)


def _get_or_create(email: str) -> Subscriber:
    for_update = Subscriber.objects.select_for_update().by_email(email)
    known = for_update.first()
    if known is None:
        # Another sign-up may come in between: then theirs is taken.
        Subscriber.objects.bulk_create([Subscriber(email=email.strip())], ignore_conflicts=True)
        known = for_update.get()
    return known


def _may_mail(subscriber: Subscriber, now: dt.datetime) -> bool:
    last = subscriber.notice_asked_at
    return subscriber.status != Status.SUPPRESSED and (last is None or now - last >= NOTICE_INTERVAL)


def _activate(subscriber: Subscriber, now: dt.datetime) -> None:
    subscriber.status, subscriber.paused_until, subscriber.unsubscribed_at = Status.ACTIVE, None, None
    subscriber.confirmed_at = subscriber.confirmed_at or now
    subscriber.active_since = now
    subscriber.owed_notice, subscriber.notice_asked_at = "", None
    subscriber.save()
