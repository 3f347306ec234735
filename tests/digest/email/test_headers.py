"""The headers of a digest."""

import datetime as dt
import re
from typing import Any

import pytest

from digest.email import headers
from digest.models import Delivery, Edition
from subscriptions.models import Subscriber
from tests.conftest import NOW, TODAY

pytestmark = pytest.mark.django_db
LINK = "https://papers.example.org/unsubscribe/abc/"


@pytest.fixture
def delivery(edition: Edition, alice: Subscriber) -> Delivery:
    return Delivery.objects.create(edition=edition, subscriber=alice, queued_at=NOW, not_before=NOW)


def test_email_clients_can_unsubscribe(delivery: Delivery) -> None:
    made = headers.of_digest(delivery, LINK)
    assert made["List-Unsubscribe"] == f"<{LINK}>"
    assert made["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_feedback_id_names_the_sender_and_no_reader(delivery: Delivery) -> None:
    fields = headers.of_digest(delivery, LINK)["Feedback-ID"].split(":")
    assert fields == ["20260820", "daily", "digest", "apersexampleorg"]
    assert len(set(fields)) == len(fields)


@pytest.mark.parametrize("sender", ["a@b.c", "papers@localhost", "x@a-very-long-name.of-a-host.example.org"])
def test_the_sender_id_has_the_length_that_gmail_requires(settings: Any, sender: str) -> None:
    settings.DEFAULT_FROM_EMAIL = sender
    assert re.fullmatch(r"[a-z0-9]{5,15}", headers.shared(TODAY, "daily")["Feedback-ID"].split(":")[3])


def test_the_list_id_does_not_depend_on_day_or_name(settings: Any) -> None:
    ids: set[str] = set()
    for name in ("Daily Papers", "Tägliche Papiere\r\nBcc: victim@example.org", "x" * 500):
        settings.SITE_NAME = name
        made = headers.shared(TODAY + dt.timedelta(days=len(ids)), "daily")
        assert len(made["List-Id"]) <= 255
        assert "\n" not in made["List-Id"]
        ids.add(made["List-Id"].rpartition("<")[2])
    assert ids == {"digest.papers.example.org>"}


def test_headers_are_the_same_at_each_attempt(delivery: Delivery) -> None:
    assert headers.of_digest(delivery, LINK) == headers.of_digest(Delivery.objects.get(pk=delivery.pk), LINK)
