"""How this newsletter looks, and who sends it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parseaddr
from functools import cached_property, lru_cache

from django.conf import settings

from subscriptions import colours
from subscriptions.colours import Colours

_tried: ContextVar["Look | None"] = ContextVar("look", default=None)


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
    return _tried.get() or _from_settings()


def _from_settings() -> Look:
    fields = {
        "name": settings.SITE_NAME,
        "url": settings.SITE_URL,
        "sender": settings.DEFAULT_FROM_EMAIL,
        "postal_address": settings.POSTAL_ADDRESS,
    }
    return _look(tuple(fields.items()))


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
