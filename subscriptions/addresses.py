"""How an address is recognised without being kept."""

from django.conf import settings
from django.utils.crypto import salted_hmac


def address_hash(email: str) -> str:
    """Keyed with ADDRESS_HASH_KEY, so that the table can't be searched for guessed addresses."""
    return keyed_hash("subscriptions.suppression", email.strip().lower())


def keyed_hash(purpose: str, value: str) -> str:
    """64 hexadecimal digits that name `value` to who has the key, and to nobody else."""
    return salted_hmac(purpose, value, secret=settings.ADDRESS_HASH_KEY, algorithm="sha256").hexdigest()
