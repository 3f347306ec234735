"""Alerts about a pause, and about an email that kills its process: one each, as soon as an email can be sent."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail

from digest.delivery import pauses, poison_pill, shards
from digest.models import Delivery, Edition, Shard
from digest.models.deliveries import SUSPECT
from digest.ops import alerts
from tests.conftest import NOW, make_reader
from tests.digest.delivery.conftest import queue_readers

MINUTE = dt.timedelta(minutes=1)


def test_it_alerts_the_operators_once(settings: Any, db: None) -> None:
    settings.OPERATORS = ["ops@example.org"]
    pauses.start("The mail server refused our login: 535", now=NOW)
    assert [alerts.email_operators_of_pause(now=NOW) for _ in range(3)] == [True, False, False]
    (alert,) = mail.outbox
    assert "535" in alert.body
    assert "resumes where it stopped" in alert.body


def test_it_alerts_again_if_an_admin_must_now_end_the_pause(settings: Any, db: None) -> None:
    settings.OPERATORS = ["ops@example.org"]
    pauses.start("No connection", now=NOW)
    assert alerts.email_operators_of_pause(now=NOW)
    pauses.start("Too many complaints", now=NOW, resumes=False)
    assert [alerts.email_operators_of_pause(now=NOW) for _ in range(2)] == [True, False]
    assert "Too many complaints" in mail.outbox[1].body


def test_it_alerts_later_if_no_email_could_be_sent(settings: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OPERATORS = ["ops@example.org"]

    def fail(*args: object, **kwargs: object) -> int:
        raise ConnectionRefusedError

    pauses.start("No connection", now=NOW)
    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", fail)
        assert not alerts.email_operators_of_pause(now=NOW)
    pauses.end(now=NOW + 20 * MINUTE)
    assert alerts.email_operators_of_pause(now=NOW + 21 * MINUTE)
    assert "resumed by itself at 12:20" in mail.outbox[0].body


def test_it_sends_no_alert_about_a_short_pause(settings: Any, db: None) -> None:
    settings.OPERATORS = ["ops@example.org"]
    pauses.start("No connection", now=NOW)
    pauses.end(now=NOW + MINUTE)
    assert not alerts.email_operators_of_pause(now=NOW + MINUTE)


def struck(edition: Edition) -> Shard:
    """A quarantined email that has killed its process once."""
    queue_readers(edition, 1)
    Shard.objects.update(crashes=SUSPECT + 1)
    Delivery.objects.update(reason="A process of its own died.")
    return Shard.objects.get()


def test_it_alerts_once_about_an_email_that_kills_its_process(settings: Any, edition: Edition) -> None:
    settings.OPERATORS = ["ops@example.org"]
    shard = struck(edition)
    assert [alerts.email_operators_of_poison_pill(now=NOW) for _ in range(2)] == [True, False]
    shard.refresh_from_db()
    shards.end_trial(shard.pk, now=NOW)  # proves nothing
    assert not alerts.email_operators_of_poison_pill(now=NOW)
    (alert,) = mail.outbox
    assert "A process of its own died." in alert.body
    assert f"/admin/digest/delivery/{Delivery.objects.get().pk}/change/" in alert.body


def test_it_alerts_again_when_that_email_is_given_up(settings: Any, edition: Edition) -> None:
    settings.OPERATORS = ["ops@example.org"]
    struck(edition)
    alerts.email_operators_of_poison_pill(now=NOW)
    other = make_reader("other@example.org")
    Delivery.objects.create(
        edition=edition, subscriber=other, status="sent", sent_at=NOW, queued_at=NOW, not_before=NOW
    )
    shard = Shard.objects.get()
    Shard.objects.update(crashes=SUSPECT + poison_pill.MAX_STRIKES - 1, announced=shard.first)
    assert shards.end_trial(shard.pk, now=NOW)
    assert alerts.email_operators_of_poison_pill(now=NOW)
    assert "has failed" in mail.outbox[1].body


def test_it_alerts_later_about_such_an_email_if_no_email_could_be_sent(
    settings: Any, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OPERATORS = ["ops@example.org"]
    struck(edition)

    def fail(*args: object, **kwargs: object) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", fail)
        assert not alerts.email_operators_of_poison_pill(now=NOW)
    assert alerts.email_operators_of_poison_pill(now=NOW)


def test_it_sends_no_alert_about_an_email_that_is_only_suspected(settings: Any, edition: Edition) -> None:
    settings.OPERATORS = ["ops@example.org"]
    struck(edition)
    Shard.objects.update(crashes=SUSPECT)
    assert not alerts.email_operators_of_poison_pill(now=NOW)
