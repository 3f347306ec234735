"""Idempotency keys. A provider that gets two calls with the same key sends their emails once."""

import uuid
from collections.abc import Sequence

from django.conf import settings

from digest.delivery.providers.capabilities import capability_of
from digest.delivery.transports import Mail

NAMESPACE = uuid.UUID("5b8f8d4e-6a4e-4e0e-9d52-6f0f3a1f9a55")
_PREFIX_LENGTH = 8  # characters


def idempotency_key(provider: str, mails: Sequence[Mail]) -> str:
    """Return the key of a call with these emails. It does not depend on the worker or the time.

    It changes when an admin queues deliveries again: with the old key the provider would send nothing.
    """
    queued_at = map(str, sorted({mail.queued_at for mail in mails if mail.queued_at}))
    parts = [settings.SITE_URL, *queued_at, *(str(mail.delivery_id) for mail in mails)]
    return _prefix(provider) + str(uuid.uuid5(NAMESPACE, " ".join(parts)))[_PREFIX_LENGTH:]


def knows(provider: str, call: str) -> bool:
    """Return whether `call` can be a key of a call to `provider`."""
    return capability_of(provider).keyed and call.startswith(_prefix(provider))


def _prefix(provider: str) -> str:
    """Return the prefix of all keys of `provider`."""
    return str(uuid.uuid5(NAMESPACE, provider))[:_PREFIX_LENGTH]
