"""The words that say when a reader's digests come."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import translation

from subscriptions.models import Subscriber
from subscriptions.notices import queue
from subscriptions.readers import arrival
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW, make_reader
from tests.subscriptions.conftest import path_of


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "at 07:00 Berlin time, on days with a match"),
        ({"mail_quiet_days": True}, "at 07:00 Berlin time, on days with new papers"),
        ({"words": ""}, "at 07:00 Berlin time, on days with new papers"),
        ({"frequency": "weekdays"}, "at 07:00 Berlin time, on weekdays with a match"),
        ({"frequency": "weekdays", "words": ""}, "at 07:00 Berlin time, on weekdays"),
        ({"frequency": "weekly"}, "at 07:00 Berlin time, once a week"),
        ({"time_zone": "UTC", "send_hour": 18}, "at 18:00 UTC, on days with a match"),
    ],
)
def test_they_name_the_hour_the_zone_and_the_days(db: None, fields: dict[str, Any], words: str) -> None:
    reader = make_reader("ada@example.org", **{"words": "robots", "time_zone": "Europe/Berlin"} | fields)
    assert arrival.describe_for(reader) == words
    with translation.override("de"):
        assert arrival.describe_for(reader) != words


def test_the_email_and_the_pages_say_the_same(visitor: Client, bob: Subscriber) -> None:
    words = "at 07:00 UTC, on days with a match"
    queue.send_pending(now=NOW)
    assert f"Once you confirm, digests come {words}." in " ".join(mail.outbox[0].body.split())
    assert f"A{words[1:]}" in visitor.get(path_of(Purpose.CONFIRM, bob)).content.decode()
    confirmed = visitor.post(path_of(Purpose.CONFIRM, bob), follow=True).content.decode()
    assert f"<dd>A{words[1:]}</dd>" in confirmed
    form = visitor.get("/subscribe/").content.decode()
    assert "At 07:00 UTC, on days with new papers</span>" in form, "nothing is chosen yet"
    bob.refresh_from_db()
    assert f"A{words[1:]}</span>" in visitor.get(path_of(Purpose.PREFERENCES, bob)).content.decode()
