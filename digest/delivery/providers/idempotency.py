"""Keys: by them a provider knows a call again, and does it once."""

import uuid
from collections.abc import Sequence

from django.conf import settings

from digest.delivery.providers.capabilities import capability_of
from digest.delivery.transports import Mail

SPACE = uuid.UUID("5b8f8d4e-6a4e-4e0e-9d52-6f0f3a1f9a55")
_MARK = 8  # characters


def idempotency_key(provider: str, mails: Sequence[Mail]) -> str:
    """The same for the same deliveries, whenever and by whichever worker they are handed over.

    Another once a person has them sent anew: the provider would say of the former call that all is done.
    """
    queued_at = map(str, sorted({mail.queued_at for mail in mails if mail.queued_at}))
    told = [settings.SITE_URL, *queued_at, *(str(mail.delivery_id) for mail in mails)]
    return _mark(provider) + str(uuid.uuid5(SPACE, " ".join(told)))[_MARK:]


def knows(provider: str, call: str) -> bool:
    """Whether it can be `provider` that was called with this key."""
    return capability_of(provider).keyed and call.startswith(_mark(provider))


def _mark(provider: str) -> str:
    """In which all keys of a provider begin."""
    return str(uuid.uuid5(SPACE, provider))[:_MARK]
