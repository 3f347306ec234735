"""The headers that a digest needs for its reader, the reader's email client and the services between.

Both paths that make a digest take them from here. The headers that all readers of an edition share are made once.
"""

import datetime as dt
import re
from functools import lru_cache

from django.conf import settings

from digest.models import Delivery
from subscriptions import brand, email_addresses
from subscriptions.brand import Look
from subscriptions.email import builder
from subscriptions.email.send_errors import NoPostalAddressError
from subscriptions.models import Subscriber

# Names that every provider leaves unchanged in a header: ASCII, without the braces of merge variables.
_PLAIN_NAME = re.compile(r"[\w .,:;'\"!?&@/()+-]+", re.ASCII)
SENDER_ID = (5, 15)  # characters, least and most, in the last field of Gmail's Feedback-ID


def of_digest(delivery: Delivery, unsubscribe_url: str) -> dict[str, str]:
    """Return all headers of the reader's digest except From, To, Subject, Date and the MIME headers."""
    return personal(delivery, unsubscribe_url) | shared(delivery.edition.day, delivery.subscriber.frequency)


def personal(delivery: Delivery, unsubscribe_url: str) -> dict[str, str]:
    """Return the headers that differ from reader to reader."""
    return {
        # The same at each attempt, so that the reader's email client can recognize a repeat.
        "Message-ID": f"<{delivery.message_id}@{brand.current().sender_domain}>",
        # RFC 2369 and RFC 8058: an email client may POST to it on the reader's behalf. Keep this exact form,
        # one URL that ends with the token: `digest.delivery.providers.merge_variables` parses it.
        "List-Unsubscribe": f"<{unsubscribe_url}>",
    }


def of_welcome(subscriber: Subscriber, unsubscribe_url: str, day: dt.date) -> dict[str, str]:
    """Return the headers of a first email without a digest, so that email clients treat it like a digest."""
    return {"List-Unsubscribe": f"<{unsubscribe_url}>"} | _shared(day, subscriber.frequency, brand.current())


def shared(day: dt.date, frequency: str) -> dict[str, str]:
    """Return the headers that all readers of `day`'s edition with the same frequency share.

    Raise NoPostalAddressError if emails need a postal address and there is none: then neither path can make an email.
    """
    if settings.REQUIRE_POSTAL_ADDRESS and not brand.current().postal_address:
        raise NoPostalAddressError
    return _shared(day, frequency, brand.current())


@lru_cache(maxsize=64)
def _shared(day: dt.date, frequency: str, look: Look) -> dict[str, str]:
    return {
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": _list_id(builder.one_line(look.name)[:60], look.sender_domain),
        "List-Archive": f"<{look.url}/>",
        "List-Help": f"<{look.url}/subscribe/>",
        "List-Owner": f"<mailto:{look.reply_to or look.sender_address}>",
        "List-Post": "NO",  # RFC 2369: readers cannot post to the list
        "Feedback-ID": f"{day:%Y%m%d}:{frequency}:digest:{_sender_id(look.sender_domain)}",
        "Auto-Submitted": "auto-generated",  # RFC 3834: suppresses out-of-office replies
        "Precedence": "list",
    }


def _list_id(name: str, domain: str) -> str:
    """Return the List-Id (RFC 2919). It contains the newsletter's name only if the name needs no encoding.

    The name is optional. Some providers send an encoded one as raw UTF-8, or encode the whole header with the id.
    """
    list_id = f"digest.{domain}"
    return email_addresses.format_sender(name, list_id) if _PLAIN_NAME.fullmatch(name) else f"<{list_id}>"


def _sender_id(domain: str) -> str:
    """Return the domain in the 5 to 15 characters that Gmail counts complaints by.

    It names no reader and never changes.
    """
    least, most = SENDER_ID
    return re.sub(r"[^a-z0-9]", "", domain.lower())[-most:].rjust(least, "0")
