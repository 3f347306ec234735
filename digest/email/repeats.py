"""Send a reader a digest once more: the same papers, with a note and a Message-ID of its own."""

import datetime as dt
import secrets

from django.utils import translation

from digest.editions import candidates
from digest.email import rendering
from digest.models import Delivery, Paper
from digest.personalization import snapshot
from subscriptions import brand
from subscriptions.readers import lifecycle
from subscriptions.security import abuse_limits
from subscriptions.security.abuse_limits import Limit

REPEATS = [(1, dt.timedelta(minutes=1)), (3, dt.timedelta(days=1))]  # of one digest; a second click sends none
_SENT = (Delivery.Status.SENT, Delivery.Status.UNCERTAIN)


class CannotRepeatError(Exception):
    """The digest can't be sent again. The message says why, and what to do."""


def check(delivery: Delivery) -> None:
    """Raise CannotRepeatError if the digest can't be sent again."""
    if delivery.status not in _SENT:
        raise CannotRepeatError(
            "This digest has not been sent. The list of deliveries has actions that retry it or begin again."
        )
    if "for_you" not in delivery.papers:
        raise CannotRepeatError("Its papers are no longer stored, or it was only counted as sent.")
    if not delivery.subscriber.is_subscribed or lifecycle.is_suppressed(delivery.subscriber.email):
        raise CannotRepeatError(f"The reader is {delivery.subscriber.status}, and gets no digests.")


def send_again(delivery: Delivery, *, now: dt.datetime) -> None:
    """Email the digest to its reader again, at once. Raise CannotRepeatError, or an error of the mailer."""
    check(delivery)
    record = delivery.papers
    papers = candidates.with_pictures(Paper.objects.filter(is_hidden=False)).in_bulk(snapshot.votes(record))
    digest = snapshot.restore(record, delivery.edition.day, papers)
    if not digest.matches:
        raise CannotRepeatError("All its papers were hidden or deleted since.")
    if reached := abuse_limits.refused_by(Limit("repeat", str(delivery.pk), REPEATS), now=now):
        free_at = abuse_limits.free_at(reached, now=now)
        raise CannotRepeatError(
            "One digest may be sent again once a minute, and three times a day. "
            f"The next time is {free_at:%Y-%m-%d %H:%M:%S} UTC."
        )
    with translation.override(record["language"]):
        message = rendering.build_digest_message(digest, delivery, occasion="repeat")
    # With the old Message-ID, the reader's email client or provider could drop it as a duplicate.
    message.extra_headers["Message-ID"] = f"<repeat-{secrets.token_hex(16)}@{brand.current().sender_domain}>"
    message.send()
