"""Where a reader's digest is shown in a browser. Its address is in the mail, and says who and which edition."""

import uuid

from django.conf import settings
from django.urls import reverse

from subscriptions import links
from subscriptions.links import ForgedLinkError, Purpose
from subscriptions.models import Subscriber

ID_LENGTH = 8  # bytes


def digest_token(uid: bytes, edition_id: int) -> str:
    return links.sign(Purpose.DIGEST, uid + edition_id.to_bytes(ID_LENGTH))


def digest_url(subscriber: Subscriber, edition_id: int) -> str:
    """The absolute address, ending on a slash; what readers say about the papers goes below it."""
    token = digest_token(subscriber.uid.bytes, edition_id)
    return f"{settings.SITE_URL}{reverse('digest:digest', args=[token])}"


def read_digest_token(token: str) -> tuple[uuid.UUID, int]:
    """The reader's uid, and the id of the edition. Raises ForgedLinkError."""
    payload = links.unsign(Purpose.DIGEST, token)
    if len(payload) != links.UID_LENGTH + ID_LENGTH:
        raise ForgedLinkError(Purpose.DIGEST)
    return uuid.UUID(bytes=payload[: links.UID_LENGTH]), int.from_bytes(payload[links.UID_LENGTH :])
