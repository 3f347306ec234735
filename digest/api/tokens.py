"""The tokens of the API: make, rotate, revoke and find them."""

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.crypto import constant_time_compare

from digest.api.rotation import ROTATION_TIME, is_double_click
from digest.models import ApiToken
from digest.models.api_tokens import valid_hash

START = "dp_"  # so that programs that look for leaked secrets recognize it
SECRET_BYTES = 32
SECRET_IN_PREFIX = 8  # characters of the secret in the prefix
FORM = re.compile(rf"{START}[\w-]{{43}}", re.ASCII)  # 43 characters of base64 are SECRET_BYTES


@dataclass(frozen=True)
class NewToken:
    """A token's row, and its secret, which is not stored."""

    row: ApiToken
    secret: str


def make(
    name: str, scopes: Sequence[str], *, by: str, now: dt.datetime, expires_at: dt.datetime | None = None
) -> NewToken:
    """Make a token. `by` is the name of the admin."""
    row = ApiToken(name=name, scopes=list(scopes), created_by=by, created_at=now, expires_at=expires_at)
    secret = _new_secret(row)
    row.save()
    return NewToken(row, secret)


def rotate(row: ApiToken, *, now: dt.datetime) -> NewToken:
    """Give the token a new secret. The old one works for ROTATION_TIME, also if this is a second click."""
    if not is_double_click(row.old_until, now=now):
        row.old_hash, row.old_until = row.token_hash, now + ROTATION_TIME
    secret = _new_secret(row)
    row.save(update_fields=["prefix", "token_hash", "old_hash", "old_until"])
    return NewToken(row, secret)


def revoke(row: ApiToken, *, now: dt.datetime) -> None:
    """End the token at once, together with the one before its rotation."""
    row.revoked_at = row.revoked_at or now
    row.old_hash, row.old_until = "", None
    row.save(update_fields=["revoked_at", "old_hash", "old_until"])


def is_well_formed(text: str) -> bool:
    """Return whether the text has the form of a secret, so that it is worth looking up."""
    return bool(FORM.fullmatch(text))


def find(secret: str, *, now: dt.datetime) -> ApiToken | None:
    """Return the valid token with this secret, and note the day of its use.

    The database compares hashes of random secrets, so its response time reveals nothing about a secret.
    """
    hashed = _hash(secret)
    row = ApiToken.objects.filter(valid_hash(hashed, now)).first()
    if row is None or not row.is_valid(now):
        return None
    if not any(constant_time_compare(hashed, stored) for stored in (row.token_hash, row.old_hash)):
        return None
    if row.last_used_on != now.date():
        row.last_used_on = now.date()
        row.save(update_fields=["last_used_on"])
    return row


def _new_secret(row: ApiToken) -> str:
    """Return a new secret, and store its hash and prefix in the row, without saving it."""
    secret = f"{START}{secrets.token_urlsafe(SECRET_BYTES)}"
    row.prefix, row.token_hash = secret[: len(START) + SECRET_IN_PREFIX], _hash(secret)
    return secret


def _hash(secret: str) -> str:
    """Return the SHA-256. A slow hash would add nothing, because the secret has 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
