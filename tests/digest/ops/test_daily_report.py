"""The operators' daily report."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail

from digest.delivery import planner
from digest.models import Delivery, Edition, FetchRun, Opinion, Paper, QuietDay, SavedPaper, Source
from digest.ops import daily_report
from subscriptions.email.builder import Message
from subscriptions.models import Subscriber
from subscriptions.readers import signup_queue
from tests.conftest import NOW, TODAY, make_reader

LATER = NOW + dt.timedelta(hours=20)


@pytest.fixture
def a_bad_day(edition: Edition, alice: Subscriber, hugging_face: Source) -> None:
    planner.plan_everyone(edition, now=NOW)
    Delivery.objects.update(status="failed", reason="550 no <such> user")
    for _ in range(3):
        FetchRun.objects.create(
            source=hugging_face, day=TODAY, started_at=NOW, status="unreachable", message="no answer in time"
        )
    QuietDay.objects.create(day=TODAY, reason="nothing listed")


@pytest.mark.usefixtures("a_bad_day")
def test_it_reports_papers_digests_and_failures(hugging_face: Source, settings: Any) -> None:
    settings.OPERATORS = ["op@example.org"]
    assert daily_report.send_report(now=LATER)
    (report,) = mail.outbox
    assert report.to == ["op@example.org"]
    assert report.subject == "Daily Papers: 1 source failing, 1 digest failed or waiting, 21 Aug"
    for said in ("Edition of 20 Aug 2026", "1 digest failed", "no answer in time", "nothing listed", "0 new papers"):
        assert said in report.body
    html = str(report.alternatives[0][0])  # type: ignore[attr-defined]
    assert "550 no &lt;such&gt; user" in html
    assert "Failing source:" in html
    assert f"/admin/digest/source/{hugging_face.pk}/change/" in html
    assert "/admin/digest/delivery/?reason=550+no+%3Csuch%3E+user&amp;queued_at__gte=2026-08-20T08" in html


def test_it_reports_totals_of_readers_likes_and_saved_papers(
    edition: Edition, alice: Subscriber, settings: Any
) -> None:
    settings.OPERATORS = ["op@example.org"]
    make_reader("paused@example.org")
    Subscriber.objects.filter(email="paused@example.org").update(status="paused", paused_until=TODAY)
    paper = Paper.objects.all()[0]
    Opinion.objects.create(subscriber=alice, paper=paper, verdict="like", said_at=NOW)
    SavedPaper.objects.create(subscriber=alice, paper=paper, saved_at=NOW)
    assert daily_report.send_report(now=LATER)
    (report,) = mail.outbox
    assert report.subject == "Daily Papers: all is well, 0 digests sent, 21 Aug"
    for said in ("1 active reader, 1 paused", "1 like, 1 saved paper"):
        assert said in report.body


@pytest.mark.django_db
def test_it_reports_how_many_forms_were_refused(settings: Any) -> None:
    settings.OPERATORS = ["op@example.org"]
    settings.LIMIT_PER_NETWORK = [(1, dt.timedelta(days=1))]
    for _ in range(3):
        signup_queue.request_link("ada@example.org", network="192.0.2.1", now=NOW)
    assert daily_report.send_report(now=LATER)
    (report,) = mail.outbox
    assert "2 forms turned away by the rate limit LIMIT_PER_NETWORK" in report.body
    assert "<b>2 forms</b> turned away" in str(report.alternatives[0][0])  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_it_is_sent_once_a_day(settings: Any) -> None:
    settings.OPERATORS = ["op@example.org", "other@example.org"]
    moments = (NOW, NOW, NOW + dt.timedelta(hours=1), NOW + dt.timedelta(days=1))
    assert [daily_report.send_report(now=now) for now in moments] == [True, False, False, True]
    assert len(mail.outbox) == 4
    assert "all is well" in mail.outbox[0].subject


@pytest.mark.django_db
def test_it_is_sent_later_if_no_email_could_be_sent(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OPERATORS = ["op@example.org"]
    with monkeypatch.context() as broken:
        broken.setattr(Message, "send", refuse)
        assert not daily_report.send_report(now=NOW)
    assert daily_report.send_report(now=NOW + dt.timedelta(hours=1))
    assert not daily_report.send_report(now=NOW + dt.timedelta(hours=2))


@pytest.mark.django_db
def test_an_operator_who_can_not_be_reached_does_not_stop_the_report(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OPERATORS = ["gone@example.org", "op@example.org"]
    send = Message.send
    monkeypatch.setattr(Message, "send", lambda self: refuse() if self.to == ["gone@example.org"] else send(self))
    assert [daily_report.send_report(now=NOW) for _ in range(2)] == [True, False]
    assert [message.to for message in mail.outbox] == [["op@example.org"]]


def refuse(*args: object) -> None:
    raise ConnectionRefusedError(111, "Connection refused")


@pytest.mark.django_db
def test_it_is_not_sent_without_operators(settings: Any) -> None:
    settings.OPERATORS = []
    assert not daily_report.send_report(now=NOW)
    assert mail.outbox == []
