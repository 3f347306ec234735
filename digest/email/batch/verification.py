"""Is a mail that was put together from parts the mail that the templates make? Asked once of each kind of mail.

Templates can be overridden, and then nobody has tested that they can be taken apart.
"""

import email.policy
import uuid
from email.message import EmailMessage
from email.parser import BytesParser

from digest import clock
from digest.email import rendering
from digest.email.batch.recipients import Recipient
from digest.models import Delivery, Edition
from digest.personalization.digest_selection import Digest
from subscriptions.email import builder
from subscriptions.models import Subscriber

# When it was made, and the boundary.
_DIFFERENT_EACH_TIME = ("date", "content-type")


def render_alone(digest: Digest, edition: Edition, reader: Recipient) -> builder.Message:
    """The reader's mail as it is made for one reader alone."""
    confirmed = clock.midnight(reader.confirmed)
    subscriber = Subscriber(
        pk=reader.id,
        uid=uuid.UUID(bytes=reader.uid),
        link_generation=int.from_bytes(reader.generation),
        email=reader.address,
        frequency=reader.frequency,
        language=reader.language,
        confirmed_at=confirmed,
    )
    return rendering.build_digest_message(digest, Delivery(edition=edition, subscriber=subscriber))


def look_alike(one: bytes, other: bytes) -> bool:
    """Whether a mail client sees the same in both."""
    return _seen(one) == _seen(other)


def _seen(wire: bytes) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    read = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(wire)
    headers = [(name, str(value)) for name, value in read.items() if name.lower() not in _DIFFERENT_EACH_TIME]
    return headers, [(part.get_content_type(), part.get_content()) for part in read.iter_parts()]
