"""Operators hear of a pause: once, as soon as a mail can reach them."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail

from digest.delivery import pauses
from digest.operating import telling
from tests.conftest import NOW

MINUTE = dt.timedelta(minutes=1)


def test_it_tells_the_operators_once(settings: Any, db: None) -> None:
    settings.OPERATORS = ["ops@example.org"]
    pauses.begin("The mail server refused our login: 535", now=NOW)
    assert [telling.tell_of_pause(now=NOW) for _ in range(3)] == [True, False, False]
    (told,) = mail.outbox
    assert "535" in told.body
    assert "goes on where it was" in told.body


def test_it_tells_anew_when_a_pause_comes_to_need_a_person(settings: Any, db: None) -> None:
    settings.OPERATORS = ["ops@example.org"]
    pauses.begin("No connection", now=NOW)
    assert telling.tell_of_pause(now=NOW)
    pauses.begin("Too many complaints", now=NOW, resumes=False)
    assert [telling.tell_of_pause(now=NOW) for _ in range(2)] == [True, False]
    assert "Too many complaints" in mail.outbox[1].body


def test_it_tells_later_what_could_not_be_told(settings: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OPERATORS = ["ops@example.org"]

    def fail(*args: object, **kwargs: object) -> int:
        raise ConnectionRefusedError

    pauses.begin("No connection", now=NOW)
    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", fail)
        assert not telling.tell_of_pause(now=NOW)
    pauses.end(now=NOW + 20 * MINUTE)
    assert telling.tell_of_pause(now=NOW + 21 * MINUTE)
    assert "went on by itself at 12:20" in mail.outbox[0].body


def test_it_does_not_bother_operators_with_a_hiccup(settings: Any, db: None) -> None:
    settings.OPERATORS = ["ops@example.org"]
    pauses.begin("No connection", now=NOW)
    pauses.end(now=NOW + MINUTE)
    assert not telling.tell_of_pause(now=NOW + MINUTE)
