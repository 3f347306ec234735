"""A reader's new address: asked for on the settings page, confirmed by a mail to it, told to the old one."""

import datetime as dt

from django.db import IntegrityError

from subscriptions.email_addresses import address_hash
from subscriptions.models import Consent, OwedNotice, Subscriber
from subscriptions.readers import consents, lifecycle
from subscriptions.readers.consents import Trace
from subscriptions.readers.row_lock import on_the_current_row
from subscriptions.security import abuse_limits, link_tokens
from subscriptions.security.link_tokens import ExpiredLinkError, Purpose

Status = Subscriber.Status
Notice = OwedNotice.Kind
MOVES = [(3, dt.timedelta(days=1))]  # askings of one reader: each mails somebody who may be a stranger


@on_the_current_row
def request_change(subscriber: Subscriber, new_email: str, *, now: dt.datetime) -> None:
    """Mail the new address a link to confirm it by. Nothing here depends on whether it is a reader's already."""
    if not subscriber.is_subscribed:
        return
    _clear_request(subscriber)
    subscriber.new_email = new_email
    subscriber.save()
    # One budget with the confirmations: to a stranger they are the same mail.
    budget = (abuse_limits.Limit("move", subscriber.uid.hex, MOVES), abuse_limits.mails(Notice.CONFIRM, new_email))
    if not lifecycle.is_suppressed(new_email) and not abuse_limits.acquire(*budget, now=now):
        lifecycle.queue_notice(subscriber, Notice.CHANGE_ADDRESS, to=new_email, now=now)


@on_the_current_row
def sign_out_links(subscriber: Subscriber, *, now: dt.datetime) -> None:
    """Have no older link open or change anything any more, call off a change of address, and email a new link.

    A suppressed address can't be sent a new link, so its reader keeps the old ones.
    """
    if subscriber.status == Status.SUPPRESSED:
        return
    _clear_request(subscriber)
    subscriber.link_generation += 1
    subscriber.save()
    lifecycle.queue_notice(subscriber, Notice.SIGNED_OUT, now=now)


@on_the_current_row
def cancel_change(subscriber: Subscriber) -> None:
    """Keep the old address after all."""
    _clear_request(subscriber)
    subscriber.save()


def make_url(subscriber: Subscriber) -> str:
    """The link for the mail to the new address. It is for that address alone, should another one be asked for."""
    return link_tokens.make_url(Purpose.CHANGE_ADDRESS, subscriber, about=_about(subscriber.new_email))


def matches_token(subscriber: Subscriber, token: str) -> bool:
    """Does the genuine `token` confirm the address that the reader asks for now, or has moved to by it?"""
    about = link_tokens.read_about(Purpose.CHANGE_ADDRESS, token)
    return about == _about(subscriber.new_email) or (not subscriber.new_email and about == _about(subscriber.email))


def confirm(subscriber: Subscriber, token: str, *, now: dt.datetime, trace: Trace | None = None) -> bool:
    """Mail the new address from now on; True also for the second time. False where it has a subscription of its own.

    Only who has both mailboxes gets here, so that says nothing to strangers. Raises ExpiredLinkError where the
    genuine `token` is about another address: one may have been asked for since, even a moment ago.
    """
    try:
        return _confirm(subscriber, token, now=now, trace=trace)
    except IntegrityError:  # somebody signed it up at this very moment
        return False


@on_the_current_row
def _confirm(subscriber: Subscriber, token: str, *, now: dt.datetime, trace: Trace | None) -> bool:
    if not matches_token(subscriber, token):
        raise ExpiredLinkError(Purpose.CHANGE_ADDRESS)
    if not subscriber.new_email:
        return True
    if lifecycle.is_suppressed(subscriber.new_email) or not _release_address(subscriber):
        return False
    former, subscriber.email = subscriber.email, subscriber.new_email
    _clear_request(subscriber)
    subscriber.link_generation += 1  # the links in the old mailbox must not open what is sent to the new one
    subscriber.save()
    lifecycle.queue_notice(subscriber, Notice.MOVED, to=former, now=now)
    abuse_limits.forget(abuse_limits.mails(Notice.CONFIRM, subscriber.email))
    consents.record(subscriber, Consent.Event.MOVED, trace)
    return True


def _clear_request(subscriber: Subscriber) -> None:
    """Have nothing asked for any more, in a row that the caller saves."""
    subscriber.new_email = ""
    subscriber.owed_notices.filter(kind=Notice.CHANGE_ADDRESS).delete()


def _release_address(subscriber: Subscriber) -> bool:
    """Forget an unconfirmed or former subscription of the new address; False where there is a living one."""
    others = Subscriber.objects.by_email(subscriber.new_email).exclude(pk=subscriber.pk)
    if others.filter(status__in=[Status.ACTIVE, Status.PAUSED, Status.SUPPRESSED]).exists():
        return False
    # Locked, and by their state: one that wakes up at this very moment must not be deleted.
    asleep = others.filter(status__in=[Status.PENDING, Status.UNSUBSCRIBED]).select_for_update()
    Subscriber.objects.filter(pk__in=[other.pk for other in asleep]).delete()
    return True


def _about(email: str) -> bytes:
    return bytes.fromhex(address_hash(email)[:16])
