"""Signed links: each opens one door for one reader, and no door for anyone else.

A token names the reader by `uid`, never by address. Links in digests do not expire, since mails are kept;
only the confirmation link does. Rotating keys: put the old one into SECRET_KEY_FALLBACKS.
"""

import datetime as dt
import uuid
from enum import StrEnum

from django.conf import settings
from django.core import signing
from django.urls import reverse

from subscriptions.models import Subscriber

CONFIRMATION_LIFETIME = dt.timedelta(days=7)


class Purpose(StrEnum):
    CONFIRM = "confirm"
    PREFERENCES = "preferences"
    UNSUBSCRIBE = "unsubscribe"


class ForgedLinkError(Exception):
    """The token was not made here, was damaged, or is for another purpose."""


class ExpiredLinkError(Exception):
    """The token is genuine, and too old."""


def make_token(purpose: Purpose, subscriber: Subscriber) -> str:
    return _signer(purpose).sign(subscriber.uid.hex)


def read_token(purpose: Purpose, token: str) -> uuid.UUID:
    """The `uid` that the token names. Raises ForgedLinkError or ExpiredLinkError."""
    try:
        max_age = CONFIRMATION_LIFETIME if purpose is Purpose.CONFIRM else None
        return uuid.UUID(hex=_signer(purpose).unsign(token, max_age=max_age))
    except signing.SignatureExpired as error:
        raise ExpiredLinkError(purpose) from error
    except (signing.BadSignature, ValueError) as error:
        raise ForgedLinkError(purpose) from error


def make_url(purpose: Purpose, subscriber: Subscriber) -> str:
    """The absolute address that goes into a mail."""
    return f"{settings.SITE_URL}{reverse(f'subscriptions:{purpose}', args=[make_token(purpose, subscriber)])}"


def _signer(purpose: Purpose) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"subscriptions.{purpose}", sep=".")
