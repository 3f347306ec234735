"""The way to the network as the settings want it, in turns where upstream asks for that."""

from functools import partial

from django.conf import settings

from digest.ingest import host_throttle
from digest.models import Source
from digest.sources.conditional_get import ConditionalRequests
from digest.sources.http import Http


def make_client(kind: str, pause: float = 0, validators: ConditionalRequests | None = None) -> Http:
    """For sources of `kind`, with at least `pause` seconds between any two requests of all workers together."""
    contact = settings.CONTACT_EMAIL or settings.SITE_URL
    return Http(
        user_agent=f"DailyPapers/1.0 (+{contact})",
        limit=settings.FETCH_LIMIT_MB * 1_000_000,
        # The base addresses of other kinds are the operator's settings; a feed's address was typed by an admin.
        private_hosts=kind != Source.Kind.FEED or settings.FETCH_PRIVATE_HOSTS,
        before=partial(host_throttle.wait_for_turn, kind, pause) if pause else lambda: None,
        validators=validators or ConditionalRequests(),
    )
