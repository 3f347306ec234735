"""The newsletter's name, sender and look, from the row that admins edit, else from the settings.

`current()` is called many times for each page and email, so the row is cached. The process that changes the row reads
it again at once, all others within SECONDS.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parseaddr
from functools import cached_property, lru_cache

from django.conf import settings
from django.db import DatabaseError
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.urls import reverse

from subscriptions import colors, email_addresses
from subscriptions.colors import Colors
from subscriptions.models import Brand

SECONDS = 5  # the age of a cached row at which it is read again

_previewed: ContextVar["Look | None"] = ContextVar("look", default=None)
_cached: tuple[float, Brand | None] | None = None  # the monotonic time in seconds, and the row


@dataclass(frozen=True)
class Look:
    """The name, sender and look of the newsletter. Templates know it as `site`."""

    name: str
    url: str
    sender: str  # for From: Daily Papers <papers@example.org>
    reply_to: str = ""
    accent: str = colors.ACCENT
    logo_url: str = ""
    logo_width: int = 0  # pixels, as displayed
    logo_height: int = 0  # pixels, as displayed
    intro: str = ""
    footer: str = ""
    postal_address: str = ""

    @cached_property
    def light(self) -> Colors:
        return colors.light(self.accent)

    @cached_property
    def dark(self) -> Colors:
        return colors.dark(self.accent)

    @cached_property
    def sender_address(self) -> str:
        return parseaddr(self.sender)[1]

    @cached_property
    def sender_domain(self) -> str:
        """The domain of Message-IDs and of List-Id."""
        return self.sender_address.rpartition("@")[2] or "localhost"

    @cached_property
    def host(self) -> str:
        """The site's URL without the scheme, as people write it."""
        return self.url.partition("//")[2]


def current() -> Look:
    """Return the look that is being previewed, else the saved one."""
    return _previewed.get() or look_of(_row())


def is_saved() -> bool:
    """Return whether an admin has saved the brand's row."""
    return _row() is not None


def look_of(row: Brand | None) -> Look:
    """Return the look of a saved or unsaved row. The settings fill in its empty fields."""
    given = {name: value for name in Brand.FIELDS if (value := getattr(row, name, None))}
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    if row is not None and (row.name or row.sender):
        name, address = row.name or name, row.sender or address
    address = email_addresses.with_ascii_domain(address)
    defaults = {
        "name": settings.SITE_NAME,
        "url": settings.SITE_URL,
        "sender": email_addresses.format_sender(name, address) if address else settings.DEFAULT_FROM_EMAIL,
        "postal_address": settings.POSTAL_ADDRESS,
    }
    if row is not None and row.logo_mark:
        given["logo_url"] = settings.SITE_URL + reverse("subscriptions:logo", args=[row.logo_mark])
    if "reply_to" in given:
        given["reply_to"] = email_addresses.with_ascii_domain(given["reply_to"])
    return _look(tuple((defaults | given).items()))


@receiver([post_save, post_delete], sender=Brand)
def clear_cache(**kwargs: object) -> None:
    """Read the row again at the next `current()`."""
    global _cached
    _cached = None


def _row() -> Brand | None:
    global _cached
    cached, now = _cached, time.monotonic()
    if cached is None or now - cached[0] > SECONDS:
        # Without tables or a database, keep the cached row, else use the settings.
        with suppress(DatabaseError):
            cached = _cached = (now, Brand.objects.first())
    return cached[1] if cached else None


@contextmanager
def trying(look: Look) -> Iterator[None]:
    """Render pages and emails in `look` within this block, in this thread only."""
    token = _previewed.set(look)
    try:
        yield
    finally:
        _previewed.reset(token)


@lru_cache(maxsize=16)
def _look(fields: tuple[tuple[str, str | int], ...]) -> Look:
    return Look(**dict(fields))  # type: ignore[arg-type]
