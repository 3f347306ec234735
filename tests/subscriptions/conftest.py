"""Fixtures and helpers for subscriptions: a visitor without cookies, and the stored data of a reader."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from subscriptions.models import Subscriber
from subscriptions.readers import address_change
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose

# The purposes of links to a reader's own pages.
PERSONAL_PAGES = (Purpose.CONFIRM, Purpose.PREFERENCES, Purpose.UNSUBSCRIBE)


@pytest.fixture
def visitor() -> Client:
    """A browser or mail client without cookies and CSRF token."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture(autouse=True)
def room_for_many_posts(settings: Any) -> None:
    """Raise the limit per network: all tests post from one address, and tests of limits set their own."""
    settings.LIMIT_PER_NETWORK = [(10_000, dt.timedelta(days=1))]


def path_of(purpose: Purpose, reader: Subscriber) -> str:
    """Return the path of the link that an email to `reader` would contain now."""
    view = link_tokens.VIEWS.get(purpose, f"subscriptions:{purpose}")
    return reverse(view, args=[link_tokens.make_token(purpose, reader)])


def token_to_move(reader: Subscriber) -> str:
    """Return the token in the link to the requested new address."""
    return address_change.make_url(reader).rstrip("/").rpartition("/")[2]


def stored(reader: Subscriber) -> dict[str, Any]:
    """Return the reader's row in the database, with its filters and the kinds of its queued notices."""
    row = Subscriber.objects.filter(pk=reader.pk).values().get()
    return {**row, "follows": follows(reader), "owed": sorted(notice.kind for notice in reader.owed_notices.all())}


def follows(reader: Subscriber) -> list[str]:
    """Return the slugs of the followed topics, and the reader's own words."""
    return sorted(row.topic.slug if row.topic else row.words for row in reader.filters.select_related("topic"))
