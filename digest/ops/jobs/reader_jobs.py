"""Actions of staff on readers, at once or as jobs."""

from django.contrib.admin.models import DELETION
from django.utils import timezone

from digest.ops.jobs.rows import RowAction
from subscriptions.email_addresses import address_hash
from subscriptions.models import Subscriber, Suppression
from subscriptions.readers import lifecycle, personal_data
from subscriptions.readers.consents import Trace

Status = Subscriber.Status
NO_READER_TO_SEND_TO = "suppressed, or they had as many such emails as one address may"


def trace_of(by: str) -> Trace:
    """Return the origin of a step in the log of consents that the admin `by` took for a reader."""
    return Trace(where=f"admin {by}")


def _unsubscribe(reader: Subscriber, by: str) -> str:
    if reader.status == Status.SUPPRESSED:
        return "suppressed already"
    if reader.status == Status.UNSUBSCRIBED and not reader.awaits_confirmation:
        return "unsubscribed already"
    lifecycle.unsubscribe(reader, now=timezone.now(), trace=trace_of(by))
    return ""


def _suppress(reader: Subscriber, by: str) -> str:
    if reader.status == Status.SUPPRESSED:
        return "suppressed already"
    lifecycle.suppress(reader.email, Suppression.Reason.ADMIN, by=by)
    return ""


def _unsuppress(reader: Subscriber, by: str) -> str:
    if reader.status != Status.SUPPRESSED:
        return "not suppressed"
    lifecycle.unsuppress(address_hash(reader.email))
    return ""


def _erase(reader: Subscriber, by: str) -> str:
    personal_data.erase(reader, trace_of(by))
    return ""


def _send_link(reader: Subscriber, by: str) -> str:
    return "" if lifecycle.queue_link(reader.email, now=timezone.now()) else NO_READER_TO_SEND_TO


def _unsuppress_address(suppression: Suppression, by: str) -> str:
    lifecycle.unsuppress(suppression.address_hash)
    return ""


_readers = Subscriber.objects.all
UNSUBSCRIBE = RowAction(
    "unsubscribe_readers",
    "Unsubscribe readers",
    _readers,
    _unsubscribe,
    "Unsubscribed.",
    permission="subscriptions.change_subscriber",
).register()
SUPPRESS = RowAction(
    "suppress_readers",
    "Suppress readers (never email them again)",
    _readers,
    _suppress,
    "Suppressed.",
    permission="subscriptions.add_suppression",
).register()
UNSUPPRESS = RowAction(
    "unsuppress_readers",
    "Unsuppress readers (they may sign up again)",
    _readers,
    _unsuppress,
    "Unsuppressed.",
    permission="subscriptions.delete_suppression",
).register()
ERASE = RowAction(
    "erase_readers",
    "Delete readers and all data about them",
    _readers,
    _erase,
    "Deleted.",
    DELETION,
    permission="subscriptions.delete_subscriber",
).register()
SEND_LINK = RowAction(
    "send_links",
    "Email each reader the link to their settings",
    _readers,
    _send_link,
    "Queued the email with the link to their settings.",
    permission="subscriptions.change_subscriber",
).register()
UNSUPPRESS_ADDRESS = RowAction(
    "unsuppress_addresses",
    "Unsuppress addresses (they may sign up again)",
    Suppression.objects.all,
    _unsuppress_address,
    "Unsuppressed.",
    DELETION,
    permission="subscriptions.delete_suppression",
).register()
