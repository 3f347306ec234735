"""The second factor of staff: a code from an authenticator app (TOTP, RFC 6238), or a recovery code if it is lost.

A code is taken once. Recovery codes are stored as keyed hashes; the app's key can't be, because codes are computed
from it.
"""

import secrets
import string
from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice, default_key

from digest.models import RecoveryCode
from subscriptions.email_addresses import keyed_hash

KEY_SALT = "digest.ops.staff.second_factor"
KEY_SECONDS = 3600  # to scan a key
CODES, GROUPS_OF_CODE, LETTERS_OF_GROUP = 10, 3, 4  # 60 bits: no one guesses one, and a hash does not reveal it
ALPHABET = "".join(sorted(set(string.ascii_lowercase + string.digits) - set("il1o")))  # 32, none like another


def is_required(user: User) -> bool:
    """Return whether the user may not work without one, by REQUIRE_SECOND_FACTOR."""
    rule = settings.REQUIRE_SECOND_FACTOR
    return rule == "staff" or (rule == "superusers" and user.is_superuser)


def device_of(user: User) -> TOTPDevice | None:
    """Return the user's authenticator app."""
    found: TOTPDevice | None = TOTPDevice.objects.filter(user=user, confirmed=True).first()
    return found


def new_key(user: User) -> str:
    """Return a new key, signed for the user: it is stored once a code proves that an app has it."""
    return signing.dumps([user.pk, default_key()], salt=KEY_SALT)


def device_with(user: User, signed_key: str) -> TOTPDevice | None:
    """Return the unsaved app of `new_key`, or None if the key is too old or not theirs."""
    try:
        pk, key = signing.loads(signed_key, salt=KEY_SALT, max_age=KEY_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return TOTPDevice(user=user, name="authenticator app", key=key) if pk == user.pk else None


def set_up(user: User, signed_key: str, code: str) -> TOTPDevice | None:
    """Store the app if `code` is right and the user has none yet. Return it, or None."""
    device = device_with(user, signed_key)
    if device is None:
        return None
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two pages must not store two apps
        if device_of(user):
            return None
        device.save()
        if not device.verify_token(_plain(code)):
            transaction.set_rollback(True)
            return None
    return device


def verify_code(user: User, code: str) -> bool:
    """Return whether the app shows `code` now. The same code is refused the next time."""
    with transaction.atomic():
        device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True).first()
        return device is not None and bool(device.verify_token(_plain(code)))


def take_recovery_code(user: User, code: str) -> bool:
    """Return whether `code` is one of the user's unused recovery codes, and use it up."""
    deleted, _ = RecoveryCode.objects.filter(user=user, code_hash=_hash(user, code)).delete()
    return bool(deleted)


def make_recovery_codes(user: User) -> Sequence[str]:
    """Return new recovery codes, which can't be shown again. Those from before no longer work."""
    codes = ["-".join(_group() for _ in range(GROUPS_OF_CODE)) for _ in range(CODES)]
    now = timezone.now()
    with transaction.atomic():
        RecoveryCode.objects.filter(user=user).delete()
        RecoveryCode.objects.bulk_create(
            RecoveryCode(user=user, code_hash=_hash(user, code), made_at=now) for code in codes
        )
    return codes


def recovery_codes_left(user: User) -> int:
    return RecoveryCode.objects.filter(user=user).count()


def remove(user: User) -> bool:
    """Remove the app and the recovery codes. Return whether there was an app."""
    with transaction.atomic():
        RecoveryCode.objects.filter(user=user).delete()
        deleted, _ = TOTPDevice.objects.filter(user=user).delete()
    return bool(deleted)


def _group() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LETTERS_OF_GROUP))


def _hash(user: User, code: str) -> str:
    letters = "".join(letter for letter in code.lower() if letter.isalnum())
    return keyed_hash("digest.ops.staff.recovery_codes", f"{user.pk} {letters}")


def _plain(code: str) -> str:
    """Return the code without the spaces that apps show in it; "" if it is none."""
    digits = "".join(code.split())
    return digits if len(digits) == 6 and digits.isascii() and digits.isdecimal() else ""
