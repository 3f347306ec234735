"""The devices on which readers are signed in: how they are added, found and revoked.

A device is known by a random token of 256 bits. The browser keeps it in a cookie, and the database has only its hash,
so a copy of the database signs no one in. A token is never taken from the visitor, so no one can fix it in advance.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable

from subscriptions.models import Device, Subscriber

TOKEN_BYTES = 32
LIFETIME = dt.timedelta(days=400)  # without a visit; browsers keep no cookie for longer
MAX_DEVICES = 20  # devices of a reader; the one that was not seen for longest goes first

# The first that a User-Agent contains, because Edge also says Chrome, and Chrome also says Safari.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def add(reader: Subscriber, user_agent: str, *, now: dt.datetime) -> tuple[Device, str]:
    """Sign a device in. Return it with its token, which is stored nowhere else."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    values = {"label": label_of(user_agent), "signed_in_at": now, "last_seen_on": now.date()}
    device = Device.objects.create(subscriber=reader, token_hash=hash_of(token), **values)
    surplus = list(Device.objects.filter(subscriber=reader).values_list("pk", flat=True)[MAX_DEVICES:])
    if surplus:
        Device.objects.filter(pk__in=surplus).delete()
    return device, token


def find(token: str) -> Device | None:
    """Return the device that has the token, with its reader. Readers who get no digests are not signed in."""
    device = Device.objects.select_related("subscriber").filter(token_hash=hash_of(token)).first()
    return device if device and device.subscriber.is_subscribed else None


def record_visit(device: Device, *, now: dt.datetime) -> bool:
    """Record the day of a visit. Return whether it is the first of the day."""
    if device.last_seen_on >= now.date():
        return False
    Device.objects.filter(pk=device.pk).update(last_seen_on=now.date())
    return True


def revoke(reader: Subscriber, pk: int) -> int:
    """Sign out one device of the reader. Return the number of devices that were signed out."""
    return Device.objects.filter(subscriber=reader, pk=pk).delete()[0]


def revoke_all(readers: Iterable[Subscriber]) -> int:
    """Sign out all devices of the readers. Return their number."""
    return Device.objects.filter(subscriber__in=[reader.pk for reader in readers]).delete()[0]


def delete_old(*, now: dt.datetime) -> int:
    """Delete the devices that were not seen for LIFETIME. Return their number."""
    return Device.objects.filter(last_seen_on__lt=(now - LIFETIME).date()).delete()[0]


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def label_of(user_agent: str) -> str:
    """Return a short name of the browser and system, such as “Firefox · Linux”. It is "" if neither is known."""
    names = (next((name for sign, name in known if sign in user_agent), "") for known in (_BROWSERS, _SYSTEMS))
    return " · ".join(filter(None, names))
