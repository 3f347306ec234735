"""Incidents: one alert when something begins, one when it ends, and growing intervals if it comes again and again."""

import datetime as dt
from itertools import pairwise
from typing import Any

import pytest
from django.core import mail

from digest.models import Incident
from digest.ops.health import channels, incidents
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
SECOND, MINUTE = dt.timedelta(seconds=1), dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def operators(settings: Any) -> None:
    settings.OPERATORS = ["ops@example.org"]


def begin(key: str = "beat", now: dt.datetime = NOW, heading: str = "Beat is silent") -> Incident:
    return incidents.begin(key, heading, "Start it.", now=now, path="/admin/doctor/")


def test_it_alerts_once_however_often_it_is_found() -> None:
    for seconds in range(3):
        begin(now=NOW + seconds * MINUTE)
        incidents.deliver_due(now=NOW + seconds * MINUTE)
    (alert,) = mail.outbox
    assert "beat is silent" in alert.subject
    assert "Start it." in alert.body
    assert "https://papers.example.org/admin/doctor/" in alert.body
    assert incidents.open_incidents().get().seen_at == NOW + 2 * MINUTE


def test_it_alerts_to_the_end() -> None:
    begin()
    incidents.deliver_due(now=NOW)
    assert incidents.end("beat", now=NOW + 10 * MINUTE)
    assert not incidents.end("beat", now=NOW + 10 * MINUTE)
    incidents.deliver_due(now=NOW + 10 * MINUTE)
    incidents.deliver_due(now=NOW + 11 * MINUTE)
    assert len(mail.outbox) == 2
    assert "is running again" in mail.outbox[1].subject
    assert "after 10 minutes" in mail.outbox[1].body


def test_it_says_nothing_about_a_short_incident_that_was_over_before_its_alert() -> None:
    begin()
    incidents.end("beat", now=NOW + 10 * SECOND)
    assert incidents.deliver_due(now=NOW + MINUTE) == []
    assert mail.outbox == []


def test_it_alerts_again_if_the_heading_changes() -> None:
    begin()
    incidents.deliver_due(now=NOW)
    begin(heading="Beat is silent, and so are all workers")
    incidents.deliver_due(now=NOW)
    assert len(mail.outbox) == 2


def test_it_alerts_at_growing_intervals_to_what_comes_and_goes() -> None:
    for minute in range(120):
        now = NOW + minute * MINUTE
        if minute % 2:
            incidents.end("beat", now=now)
        else:
            begin(now=now)
        incidents.deliver_due(now=now)
    begun = [one for one in Incident.objects.order_by("began_at") if one.alerted_at]
    waits = [
        round((later.alerted_at - one.alerted_at) / MINUTE)
        for one, later in pairwise(begun)
        if one.alerted_at and later.alerted_at
    ]
    assert waits == [6, 10, 20, 40]
    assert len(mail.outbox) == 2 * len(begun)


def test_it_puts_alerts_that_are_due_together_into_one_email() -> None:
    begin()
    begin("workers", heading="All workers are silent")
    incidents.deliver_due(now=NOW)
    (alert,) = mail.outbox
    assert "2 alerts" in alert.subject
    assert "* All workers are silent\n  It began on 20 August 2026 at" in alert.body
    assert "All workers are silent</h2>" in str(alert.alternatives[0][0])  # type: ignore[attr-defined]


def test_it_tries_again_if_no_way_works(monkeypatch: pytest.MonkeyPatch) -> None:
    begin()
    with monkeypatch.context() as broken:
        broken.setattr(channels, "send", lambda alert, events: [])
        assert incidents.deliver_due(now=NOW) == []
    assert incidents.deliver_due(now=NOW + 5 * SECOND) == []
    assert incidents.deliver_due(now=NOW + MINUTE) == ["email"]
    assert incidents.open_incidents().get().alerted_at == NOW + MINUTE


def test_it_alerts_afterward_to_a_long_incident_during_which_no_way_worked(monkeypatch: pytest.MonkeyPatch) -> None:
    begin("paused", heading="Sending is paused")
    with monkeypatch.context() as broken:
        broken.setattr(channels, "send", lambda alert, events: [])
        incidents.deliver_due(now=NOW)
    incidents.end("paused", now=NOW + 20 * MINUTE)
    incidents.deliver_due(now=NOW + 20 * MINUTE)
    assert "after 20 minutes" in mail.outbox[0].body


def test_it_asks_for_nothing_if_there_is_no_way(settings: Any) -> None:
    settings.OPERATORS = []
    begin()
    assert incidents.deliver_due(now=NOW) == []
    assert incidents.open_incidents().get().alert_at is None


def test_it_alerts_to_an_end_that_comes_while_the_alert_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    begin()

    def send_slowly(alert: Any, events: Any) -> list[str]:
        if Incident.objects.filter(ended_at=None).exists():
            incidents.end("beat", now=NOW + SECOND)
        return ["email"] if channels.email(alert) else []

    monkeypatch.setattr(channels, "send", send_slowly)
    incidents.deliver_due(now=NOW)
    incidents.deliver_due(now=NOW + MINUTE)
    assert ["is running again" in alert.subject for alert in mail.outbox] == [False, True]
