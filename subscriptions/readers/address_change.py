"""The change of a reader's address: requested on the settings page, confirmed by a link sent to the new address.

The old address is notified, and has time to object (`personal_data.WAIT_AFTER_ADDRESS_CHANGE`).
"""

import datetime as dt

from django.db import IntegrityError

from subscriptions.email_addresses import address_hash
from subscriptions.models import Consent, OwedNotice, Subscriber
from subscriptions.readers import consents, lifecycle
from subscriptions.readers.consents import Trace
from subscriptions.readers.row_lock import on_the_current_row
from subscriptions.security import abuse_limits, devices, link_tokens
from subscriptions.security.link_tokens import ExpiredLinkError, Purpose

Status = Subscriber.Status
Notice = OwedNotice.Kind
REQUEST_RATES = [(3, dt.timedelta(days=1))]  # per reader, because each request emails a possible stranger


@on_the_current_row
def request_change(subscriber: Subscriber, new_email: str, *, now: dt.datetime) -> None:
    """Email the new address a link to confirm it, whether or not it is another reader's already."""
    if not subscriber.is_subscribed:
        return
    _clear_request(subscriber)
    subscriber.new_email = new_email
    subscriber.save()
    # Counted with the confirmations of sign-ups: to a stranger, both are unwanted emails.
    budget = (
        abuse_limits.Limit("move", subscriber.uid.hex, REQUEST_RATES),
        abuse_limits.email_limit(Notice.CONFIRM, new_email),
    )
    if not lifecycle.is_suppressed(new_email) and not abuse_limits.refused_by(*budget, now=now):
        lifecycle.queue_notice(subscriber, Notice.CHANGE_ADDRESS, to=new_email, now=now)


@on_the_current_row
def sign_out_links(subscriber: Subscriber, *, now: dt.datetime) -> None:
    """Make all older links invalid, sign all devices out, cancel a change of address, and email a new link.

    A suppressed address can't get a new link, so its reader keeps the old ones.
    """
    if subscriber.status == Status.SUPPRESSED:
        return
    _clear_request(subscriber)
    subscriber.link_generation += 1
    subscriber.save()
    devices.revoke_all([subscriber])
    lifecycle.queue_notice(subscriber, Notice.SIGNED_OUT, now=now)


@on_the_current_row
def cancel_change(subscriber: Subscriber) -> None:
    """Cancel a requested change and keep the old address."""
    _clear_request(subscriber)
    subscriber.save()


def make_url(subscriber: Subscriber) -> str:
    """Return the link for the email to the new address. It is valid for that address only."""
    return link_tokens.make_url(Purpose.CHANGE_ADDRESS, subscriber, about=_about(subscriber.new_email))


def matches_token(subscriber: Subscriber, token: str) -> bool:
    """Return whether the genuine `token` is for the requested address, or for the one it has confirmed already."""
    about = link_tokens.read_about(Purpose.CHANGE_ADDRESS, token)
    return about == _about(subscriber.new_email) or (not subscriber.new_email and about == _about(subscriber.email))


def confirm(subscriber: Subscriber, token: str, *, now: dt.datetime, trace: Trace | None = None) -> bool:
    """Change the address. Return True, also on a second call; return False if it has a subscription of its own.

    This reveals nothing to strangers, because only the owner of both mailboxes gets here. Raise ExpiredLinkError if
    the genuine `token` is for another address, because the reader has requested a different one since.
    """
    try:
        return _confirm(subscriber, token, now=now, trace=trace)
    except IntegrityError:  # the new address was signed up at the same moment
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
    subscriber.link_generation += 1  # links in the old mailbox must stop working
    subscriber.save()
    devices.revoke_all([subscriber])  # and so must devices that were signed in by them
    lifecycle.queue_notice(subscriber, Notice.MOVED, to=former, now=now)
    abuse_limits.reset(abuse_limits.email_limit(Notice.CONFIRM, subscriber.email))
    consents.record(subscriber, Consent.Event.MOVED, trace)
    return True


def _clear_request(subscriber: Subscriber) -> None:
    """Clear a requested change. The caller saves the row."""
    subscriber.new_email = ""
    subscriber.owed_notices.filter(kind=Notice.CHANGE_ADDRESS).delete()


def _release_address(subscriber: Subscriber) -> bool:
    """Delete an unconfirmed or ended subscription of the new address; return False if it has a current one."""
    others = Subscriber.objects.by_email(subscriber.new_email).exclude(pk=subscriber.pk)
    if others.filter(status__in=[Status.ACTIVE, Status.PAUSED, Status.SUPPRESSED]).exists():
        return False
    # Lock the rows first: a subscription that is being confirmed at the same moment must not be deleted.
    inactive = others.filter(status__in=[Status.PENDING, Status.UNSUBSCRIBED]).select_for_update()
    Subscriber.objects.filter(pk__in=[other.pk for other in inactive]).delete()
    return True


def _about(email: str) -> bytes:
    return bytes.fromhex(address_hash(email)[:16])
