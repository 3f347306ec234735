"""Operators hear of a pause, and of an email that kills its process: once, as soon as an email can reach them."""

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


def test_it_tells_the_operators_once(settings: Any, db: None) -> None:
    settings.OPERATORS = ["ops@example.org"]
    pauses.start("The mail server refused our login: 535", now=NOW)
    assert [alerts.email_operators_of_pause(now=NOW) for _ in range(3)] == [True, False, False]
    (told,) = mail.outbox
    assert "535" in told.body
    assert "goes on where it was" in told.body


def test_it_tells_anew_when_a_pause_comes_to_need_a_person(settings: Any, db: None) -> None:
    settings.OPERATORS = ["ops@example.org"]
    pauses.start("No connection", now=NOW)
    assert alerts.email_operators_of_pause(now=NOW)
    pauses.start("Too many complaints", now=NOW, resumes=False)
    assert [alerts.email_operators_of_pause(now=NOW) for _ in range(2)] == [True, False]
    assert "Too many complaints" in mail.outbox[1].body


def test_it_tells_later_what_could_not_be_told(settings: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OPERATORS = ["ops@example.org"]

    def fail(*args: object, **kwargs: object) -> int:
        raise ConnectionRefusedError

    pauses.start("No connection", now=NOW)
    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", fail)
        assert not alerts.email_operators_of_pause(now=NOW)
    pauses.end(now=NOW + 20 * MINUTE)
    assert alerts.email_operators_of_pause(now=NOW + 21 * MINUTE)
    assert "went on by itself at 12:20" in mail.outbox[0].body


def test_it_does_not_bother_operators_with_a_hiccup(settings: Any, db: None) -> None:
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


def test_it_alerts_of_an_email_that_kills_its_process_once(settings: Any, edition: Edition) -> None:
    settings.OPERATORS = ["ops@example.org"]
    shard = struck(edition)
    assert [alerts.tell_of_poison(now=NOW) for _ in range(2)] == [True, False]
    shard.refresh_from_db()
    shards.end_trial(shard.pk, now=NOW)  # proves nothing
    assert not alerts.tell_of_poison(now=NOW)
    (alert,) = mail.outbox
    assert "A process of its own died." in alert.body
    assert f"/admin/digest/delivery/{Delivery.objects.get().pk}/change/" in alert.body


def test_it_alerts_again_when_that_email_is_given_up(settings: Any, edition: Edition) -> None:
    settings.OPERATORS = ["ops@example.org"]
    struck(edition)
    alerts.tell_of_poison(now=NOW)
    other = make_reader("other@example.org")
    Delivery.objects.create(
        edition=edition, subscriber=other, status="sent", sent_at=NOW, queued_at=NOW, not_before=NOW
    )
    shard = Shard.objects.get()
    Shard.objects.update(crashes=SUSPECT + poison_pill.STRIKES - 1, announced=shard.first)
    assert shards.end_trial(shard.pk, now=NOW)
    assert alerts.tell_of_poison(now=NOW)
    assert "was given up" in mail.outbox[1].body


def test_it_alerts_later_of_an_email_that_kills_its_process_where_no_email_could_leave(
    settings: Any, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OPERATORS = ["ops@example.org"]
    struck(edition)

    def fail(*args: object, **kwargs: object) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", fail)
        assert not alerts.tell_of_poison(now=NOW)
    assert alerts.tell_of_poison(now=NOW)


def test_it_alerts_of_no_email_that_is_only_suspected(settings: Any, edition: Edition) -> None:
    settings.OPERATORS = ["ops@example.org"]
    struck(edition)
    Shard.objects.update(crashes=SUSPECT)
    assert not alerts.tell_of_poison(now=NOW)
