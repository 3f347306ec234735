"""The keys of this installation: a process with other keys must not start.

With another SECRET_KEY, links in emails that were already sent stop working: readers can't unsubscribe. With another
ADDRESS_HASH_KEY, suppressed addresses are not recognized. The database holds a fingerprint of each key, so a wrong key
is noticed at the start, and not by readers.
"""

import hashlib
import logging
from pathlib import Path

from django.conf import settings
from django.db import Error, connection, transaction

from digest.models import Installation
from digest.models.installations import ONLY

logger = logging.getLogger(__name__)

# A key that people can remember takes long to guess with these costs, and a start takes 10 milliseconds longer.
COST, BLOCK_SIZE = 2**12, 8

_verified: set[tuple[str, str, str]] = set()  # the installations and keys that this process has verified


class WrongKeyError(Exception):
    """The process has other keys than the database. The message says how to carry the keys over."""


def fingerprint(key: str, salt: str) -> str:
    """Return a one-way hash of a key. Equal keys of two installations have different ones."""
    return hashlib.scrypt(key.encode(), salt=salt.encode(), n=COST, r=BLOCK_SIZE, p=1, dklen=24).hex()


def verify() -> None:
    """Raise WrongKeyError if this process has other keys than the database. Record keys that may replace them.

    A new SECRET_KEY may, if the old one is in SECRET_KEY_FALLBACKS. Return quietly if the database can't be read,
    because pages and health checks report that.
    """
    try:
        with transaction.atomic():
            verify_with(Installation.load())
    except Error as error:
        if not _is_new():
            logger.warning("The keys could not be compared with the database: %s", str(error).strip())


def verify_with(row: Installation) -> None:
    """Verify the keys against `row`, which was read already. Errors of the database are raised."""
    mine = (row.incarnation.hex, settings.SECRET_KEY, settings.ADDRESS_HASH_KEY)
    if mine in _verified:
        return
    if not row.secret_key_prints:
        _record(row)
        if path := stray_key_file():
            logger.warning("SECRET_KEY is set, and %s holds another key. %s", path, _carry(path))
    elif fingerprint(settings.SECRET_KEY, row.incarnation.hex) not in row.secret_key_prints:
        _rotate(row)
    if row.address_key_print != fingerprint(settings.ADDRESS_HASH_KEY, row.incarnation.hex):
        raise WrongKeyError(_about_address_key(row))
    _verified.add(mine)


def problem() -> str:
    """Return why this process has the wrong keys, or an empty string."""
    try:
        verify()
    except WrongKeyError as error:
        return str(error)
    return ""


def accept() -> list[str]:
    """Record this process's keys as the right ones, because an operator asked for it. Return what stops working."""
    with transaction.atomic():
        row = Installation.objects.select_for_update().get(pk=Installation.load().pk)
        salt, losses = row.incarnation.hex, []
        if not set(row.secret_key_prints) <= set(_secret_prints(salt)):
            losses.append("Links in emails that were signed with a key which is no longer known stop working.")
        if row.address_key_print not in ("", fingerprint(settings.ADDRESS_HASH_KEY, salt)):
            losses.append("Addresses suppressed until now are no longer recognized, and may be emailed again.")
        _record(row)
    return losses


def stray_key_file() -> Path | None:
    """Return VAR_DIR/secret_key if it holds a key that is neither that of this process nor a fallback."""
    path: Path = settings.VAR_DIR / "secret_key"
    try:
        kept = path.read_text().strip()
    except OSError:
        return None
    known = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return path if kept and kept not in known else None


def _is_new() -> bool:
    """Return whether the database answers and has no tables yet, so that no keys belong to it."""
    try:
        return not connection.introspection.table_names()
    except Error:
        return False


def _rotate(row: Installation) -> None:
    """Record a new SECRET_KEY if the old one is a fallback. Otherwise raise WrongKeyError."""
    prints = _secret_prints(row.incarnation.hex)
    if row.secret_key_prints[0] not in prints:
        raise WrongKeyError(_about_secret_key())
    if row.address_key_print != fingerprint(settings.ADDRESS_HASH_KEY, row.incarnation.hex):
        return  # the caller refuses it, so nothing is recorded
    _record(row)
    logger.warning("SECRET_KEY is new, and the one before is among its fallbacks. It is recorded as the right one.")


def _record(row: Installation) -> None:
    row.secret_key_prints = _secret_prints(row.incarnation.hex)
    row.address_key_print = fingerprint(settings.ADDRESS_HASH_KEY, row.incarnation.hex)
    Installation.objects.filter(pk=ONLY).update(
        secret_key_prints=row.secret_key_prints, address_key_print=row.address_key_print
    )


def _secret_prints(salt: str) -> list[str]:
    return [fingerprint(key, salt) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _about_secret_key() -> str:
    path = stray_key_file()
    how = _carry(path) if path else "Set SECRET_KEY to the key of the machine that ran before: its VAR_DIR/secret_key."
    return (
        "SECRET_KEY is not the one that this database was used with. With another key, links in emails that readers "
        f"already have stop working, also those to unsubscribe. {how} If the old key is lost for good, run "
        "manage.py keys --accept."
    )


def _carry(path: Path) -> str:
    return (
        f"Readers have links signed with the key in {path}: set SECRET_KEY to the content of that file, or "
        "add it to SECRET_KEY_FALLBACKS (separate several with commas)."
    )


def _about_address_key(row: Installation) -> str:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    old = [key for key in keys if fingerprint(key, row.incarnation.hex) == row.address_key_print]
    how = (
        "Set ADDRESS_HASH_KEY to the SECRET_KEY that was used before, which is in SECRET_KEY_FALLBACKS."
        if old
        else "Set it to the value that it had. If it was never set, that is the first SECRET_KEY."
    )
    return (
        "ADDRESS_HASH_KEY is not the one that this database was used with. With another key, suppressed addresses are "
        f"not recognized, and would be emailed again. {how} If the old key is lost for good, run "
        "manage.py keys --accept."
    )
