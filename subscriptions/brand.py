"""How this newsletter looks and who sends it: by the row that admins edit, else by the settings.

`current()` is asked many times for each page and mail. The row is read again every few seconds only: at once where it
was changed, and soon in every other process.
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

from subscriptions import colours, email_addresses
from subscriptions.colours import Colours
from subscriptions.models import Brand

SECONDS = 5  # how long other processes may go on with what the row said before

_tried: ContextVar["Look | None"] = ContextVar("look", default=None)
_kept: tuple[float, Brand | None] | None = None


@dataclass(frozen=True)
class Look:
    """What templates know as `site`."""

    name: str
    url: str
    sender: str  # as in From: Daily Papers <papers@example.org>
    reply_to: str = ""
    accent: str = colours.ACCENT
    logo_url: str = ""
    logo_width: int = 0  # pixels, as shown
    logo_height: int = 0
    intro: str = ""
    footer: str = ""
    postal_address: str = ""

    @cached_property
    def light(self) -> Colours:
        return colours.light(self.accent)

    @cached_property
    def dark(self) -> Colours:
        return colours.dark(self.accent)

    @cached_property
    def sender_address(self) -> str:
        return parseaddr(self.sender)[1]

    @cached_property
    def sender_domain(self) -> str:
        """On which our Message-IDs and List-Id end."""
        return self.sender_address.rpartition("@")[2] or "localhost"

    @cached_property
    def host(self) -> str:
        """The site's address as people say it."""
        return self.url.partition("//")[2]


def current() -> Look:
    """The look that counts now, or the one that is being tried."""
    return _tried.get() or look_of(_row())


def look_of(row: Brand | None) -> Look:
    """The look by `row`, which need not be saved; what it leaves empty comes from the settings."""
    said = {name: value for name in Brand.FIELDS if (value := getattr(row, name, None))}
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
    if "reply_to" in said:
        said["reply_to"] = email_addresses.with_ascii_domain(said["reply_to"])
    return _look(tuple((defaults | said).items()))


@receiver([post_save, post_delete], sender=Brand)
def forget(**kwargs: object) -> None:
    """Read the row anew at the next `current()`."""
    global _kept
    _kept = None


def _row() -> Brand | None:
    global _kept
    kept, now = _kept, time.monotonic()
    if kept is None or now - kept[0] > SECONDS:
        # No tables yet, or no database for a moment: what was known before, else the settings.
        with suppress(DatabaseError):
            kept = _kept = (now, Brand.objects.first())
    return kept[1] if kept else None


@contextmanager
def trying(look: Look) -> Iterator[None]:
    """Within this block pages and mails are made in `look`, for this thread alone."""
    token = _tried.set(look)
    try:
        yield
    finally:
        _tried.reset(token)


@lru_cache(maxsize=16)
def _look(fields: tuple[tuple[str, str | int], ...]) -> Look:
    return Look(**dict(fields))  # type: ignore[arg-type]
