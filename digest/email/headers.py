"""The headers that a digest owes its reader, the reader's mail client, and the services in between.

One place for every way in which a digest is put together. What is the same for all readers of an edition is made once.
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

# Names that any provider hands on in a header as they are: in ASCII, and without what some fill in for readers.
_PLAIN_NAME = re.compile(r"[\w .,:;'\"!?&@/()+-]+", re.ASCII)
SENDER_ID = (5, 15)  # characters that Gmail wants in the last field of Feedback-ID


def of_digest(delivery: Delivery, unsubscribe_url: str) -> dict[str, str]:
    """All headers of the reader's digest, but for From, To, Subject, Date and those of MIME."""
    return personal(delivery, unsubscribe_url) | shared(delivery.edition.day, delivery.subscriber.frequency)


def personal(delivery: Delivery, unsubscribe_url: str) -> dict[str, str]:
    """Those that differ from reader to reader."""
    return {
        # Stable: a mail that is sent again can be recognised, by the reader's mail client too.
        "Message-ID": f"<{delivery.message_id}@{brand.current().sender_domain}>",
        # RFC 2369, RFC 8058: a mail client may POST there on the reader's behalf.
        "List-Unsubscribe": f"<{unsubscribe_url}>",
    }


def of_welcome(subscriber: Subscriber, unsubscribe_url: str, day: dt.date) -> dict[str, str]:
    """Those of a reader's first mail, where it holds no digest: mail clients treat it as they will those."""
    return {"List-Unsubscribe": f"<{unsubscribe_url}>"} | _shared(day, subscriber.frequency, brand.current())


def shared(day: dt.date, frequency: str) -> dict[str, str]:
    """Those that all readers of the edition of `day` have in common who read as often.

    Raises NoPostalAddressError where mails need one and there is none: so none can be made in any way.
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
        "List-Post": "NO",  # RFC 2369: only we write to it
        "Feedback-ID": f"{day:%Y%m%d}:{frequency}:digest:{_sender_id(look.sender_domain)}",
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
        "Precedence": "list",
    }


def _list_id(name: str, domain: str) -> str:
    """Return the List-Id (RFC 2919). It has the newsletter's name only where that needs no encoding.

    The name is optional. Some providers send an encoded one as raw UTF-8, or encode the whole header with the id.
    """
    list_id = f"digest.{domain}"
    return email_addresses.format_sender(name, list_id) if _PLAIN_NAME.fullmatch(name) else f"<{list_id}>"


def _sender_id(domain: str) -> str:
    """The domain in the 5 to 15 characters that Gmail counts complaints by. It names no reader, and never changes."""
    least, most = SENDER_ID
    return re.sub(r"[^a-z0-9]", "", domain.lower())[-most:].rjust(least, "0")
