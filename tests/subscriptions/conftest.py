"""What these tests share: a visitor without cookies, and a look at all that is stored about a reader."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from subscriptions.models import Subscriber
from subscriptions.readers import address_change
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose

# The purposes whose links open a page of readers' own.
DOORS = (Purpose.CONFIRM, Purpose.PREFERENCES, Purpose.UNSUBSCRIBE)


@pytest.fixture
def visitor() -> Client:
    """A browser, or a mail client, that brings no cookie and no CSRF token."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture(autouse=True)
def room_for_many_posts(settings: Any) -> None:
    """All tests post from one address; those of the limits set their own."""
    settings.LIMIT_PER_NETWORK = [(10_000, dt.timedelta(days=1))]


def path_of(purpose: Purpose, reader: Subscriber) -> str:
    """The path of the link that a mail to `reader` would hold now."""
    return reverse(f"subscriptions:{purpose}", args=[link_tokens.make_token(purpose, reader)])


def token_to_move(reader: Subscriber) -> str:
    """Of the link in the mail to the address that the reader asks for now."""
    return address_change.make_url(reader).rstrip("/").rpartition("/")[2]


def stored(reader: Subscriber) -> dict[str, Any]:
    """The row as the database has it, what it follows, and which small mails it is owed."""
    row = Subscriber.objects.filter(pk=reader.pk).values().get()
    return {**row, "follows": follows(reader), "owed": sorted(notice.kind for notice in reader.owed_notices.all())}


def follows(reader: Subscriber) -> list[str]:
    """The slugs of the topics, and the words."""
    return sorted(row.topic.slug if row.topic else row.words for row in reader.filters.select_related("topic"))
