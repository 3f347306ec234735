"""The maker of sources' HTTP clients: `digest.sources.http` with the site's settings, throttled across all workers.

Some sources demand a pause between requests. It is kept by a row in the database, so that it holds for all workers.
"""

from collections.abc import Callable
from functools import partial

from django.conf import settings

from digest.models import Source, Turn
from digest.sources.http import ConditionalRequests, Http, stopping, user_agent


def make_client(kind: str, pause: float = 0, validators: ConditionalRequests | None = None) -> Http:
    """Return a client for sources of `kind`, with `pause` seconds between any two requests of all workers together."""
    return Http(
        user_agent=user_agent(),
        limit=settings.FETCH_LIMIT_MB * 1_000_000,
        # The base addresses of other kinds are the operator's settings; a feed's address was typed by an admin.
        private_hosts=kind != Source.Kind.FEED or settings.FETCH_PRIVATE_HOSTS,
        before=partial(wait_for_turn, kind, pause) if pause else lambda: None,
        validators=validators or ConditionalRequests(),
    )


def wait_for_turn(name: str, seconds: float, *, sleep: Callable[[float], object] = stopping.wait) -> None:
    """Wait for the next free slot of `name`. Slots are `seconds` apart, for all workers of all machines together."""
    sleep(Turn.reserve(name, seconds))
