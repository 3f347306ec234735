"""A new reader's first email: a welcome, with today's digest."""

import datetime as dt
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client

from digest import papers
from digest.delivery import planner
from digest.editions import publication
from digest.email import reader_urls, welcome
from digest.models import Delivery, Edition, Paper, Source
from subscriptions.models import OwedNotice, Subscriber
from subscriptions.notices import queue
from subscriptions.readers import lifecycle
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW, make_record

pytestmark = pytest.mark.usefixtures("now")
LATER = NOW + dt.timedelta(minutes=1)


@pytest.fixture
def newcomer(alice: Subscriber, edition: Edition) -> Subscriber:
    """A reader who has just confirmed, on a day with an edition."""
    Edition.objects.update(closed_at=NOW)
    lifecycle.queue_notice(alice, OwedNotice.Kind.WELCOME, now=NOW)
    return alice


def test_it_comes_with_todays_digest(newcomer: Subscriber) -> None:
    assert queue.send_pending(now=LATER) == 1
    (sent,) = mail.outbox
    assert sent.subject == "Welcome to Daily Papers: 2 papers for you"
    assert "Faster Diffusion" in sent.body
    body = " ".join(sent.body.split())
    asked = "You asked for Learning, “diffusion”, author “Ada Lovelace” and not “survey”."
    assert f"{asked} Your digests come at 07:00 UTC, on days with a match." in body
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    row = Delivery.objects.get()
    assert (row.status, row.reason, row.attempts) == ("sent", "", 1)
    assert row.papers["of"] == 3


def test_the_page_after_the_confirmation_says_that_it_brings_papers(newcomer: Subscriber) -> None:
    newcomer.confirmed_at = NOW
    said = (
        "The newest papers are on their way to your inbox now. "
        "Your next digest comes tomorrow, Friday, at 07:00 UTC, if new papers match what you follow."
    )
    assert welcome.describe_start(newcomer) == said
    queue.send_pending(now=LATER)
    assert welcome.describe_start(newcomer) == said
    assert "Here are the latest papers." in " ".join(mail.outbox[0].body.split())


def test_the_page_promises_no_papers_if_nothing_matches(newcomer: Subscriber) -> None:
    newcomer.filters.all().delete()
    newcomer.filters.create(words="submarine archaeology")
    assert welcome.describe_start(newcomer).startswith("Your first digest comes tomorrow")


def test_the_page_promises_no_papers_if_no_welcome_is_due(newcomer: Subscriber) -> None:
    newcomer.owed_notices.all().delete()
    assert welcome.describe_start(newcomer).startswith("Your first digest comes tomorrow")


def test_todays_digest_is_not_sent_again(newcomer: Subscriber, edition: Edition) -> None:
    queue.send_pending(now=LATER)
    assert planner.plan_everyone(edition, now=LATER) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"frequency": "weekly"},
        {"status": "unsubscribed"},
    ],
)
def test_other_readers_get_the_plain_welcome_or_none(newcomer: Subscriber, change: dict[str, str]) -> None:
    if "status" in change:
        lifecycle.unsubscribe(newcomer, now=NOW)
    else:
        Subscriber.objects.update(**change)
    queue.send_pending(now=LATER)
    assert not Delivery.objects.exists()
    assert [message.subject for message in mail.outbox] == (
        ["Welcome to Daily Papers"] if "frequency" in change else []
    )


def test_it_says_when_weekday_digests_come(newcomer: Subscriber) -> None:
    Subscriber.objects.update(frequency="weekdays")
    queue.send_pending(now=LATER)
    assert "Your digests come at 07:00 UTC, on weekdays with a match." in " ".join(mail.outbox[0].body.split())


@pytest.mark.parametrize(
    ("frequency", "said"),
    [
        ("daily", "Your first digest comes tomorrow, Friday, at 07:00"),
        ("weekdays", "Your first digest comes tomorrow, Friday, at 07:00"),
        (
            "weekly",
            "Your first digest comes on Saturday, 22 August 2026 at 07:00 UTC, if new papers match what you follow.",
        ),
    ],
)
def test_the_plain_welcome_says_how_often_a_digest_comes(alice: Subscriber, frequency: str, said: str) -> None:
    Subscriber.objects.update(frequency=frequency)
    lifecycle.queue_notice(alice, OwedNotice.Kind.WELCOME, now=NOW)
    queue.send_pending(now=LATER)
    assert f"You asked for Learning, “diffusion”, author “Ada Lovelace” and not “survey”. {said}" in " ".join(
        mail.outbox[0].body.split()
    )


def test_the_plain_welcome_of_a_reader_who_had_a_digest_speaks_of_the_next(alice: Subscriber) -> None:
    edition = Edition.objects.create(day=NOW.date() - dt.timedelta(days=30), published_at=NOW)
    Delivery.objects.create(
        edition=edition, subscriber=alice, status="sent", queued_at=NOW, not_before=NOW, sent_at=NOW
    )
    lifecycle.queue_notice(alice, OwedNotice.Kind.WELCOME, now=NOW)
    queue.send_pending(now=LATER)
    body = " ".join(mail.outbox[0].body.split())
    assert "Your next digest comes tomorrow, Friday, at 07:00" in body
    assert "first" not in body


@pytest.mark.parametrize(
    "fields", [{"closed_at": None}, {"published_at": NOW - dt.timedelta(days=2)}], ids=["open", "of another day"]
)
def test_the_plain_welcome_comes_if_today_has_no_edition(newcomer: Subscriber, fields: dict[str, Any]) -> None:
    Edition.objects.update(**fields)
    queue.send_pending(now=LATER)
    assert [message.subject for message in mail.outbox] == ["Welcome to Daily Papers"]
    assert not Delivery.objects.exists()


def test_the_plain_welcome_comes_if_nothing_matches(newcomer: Subscriber) -> None:
    newcomer.filters.all().delete()
    newcomer.filters.create(words="submarine archaeology")
    queue.send_pending(now=LATER)
    (sent,) = mail.outbox
    assert sent.subject == "Welcome to Daily Papers"
    said = (
        "None of the 3 papers from Thursday, 20 August 2026 match what you follow. Your first digest comes tomorrow, "
        "Friday, at 07:00 UTC, if new papers match what you follow."
    )
    assert said in " ".join(sent.body.split())
    assert welcome.describe_start(newcomer) in said, "the page after the confirmation says the same"


@pytest.fixture
def digger(newcomer: Subscriber) -> Subscriber:
    """A newcomer for whom today's edition has nothing."""
    newcomer.filters.all().delete()
    newcomer.filters.create(words="submarine archaeology")
    return newcomer


def publish_earlier(source: Source, days: int = 2, **fields: Any) -> Edition:
    """Publish an edition of four papers on submarine archaeology, `days` ago."""
    then = NOW - dt.timedelta(days=days)
    titles = [f"Submarine Archaeology, Part {number}" for number in range(4)]
    records = [make_record(f"2607.0000{n}", title, votes=9 - n, day=then.date()) for n, title in enumerate(titles)]
    papers.ingest(source, records, then.date())
    edition = publication.publish(then.date(), now=then).edition
    assert edition is not None
    Edition.objects.filter(pk=edition.pk).update(**fields)
    return edition


def test_the_plain_welcome_shows_the_best_papers_of_an_earlier_edition(
    digger: Subscriber, hugging_face: Source, client: Client
) -> None:
    earlier = publish_earlier(hugging_face)
    queue.send_pending(now=LATER)
    (sent,) = mail.outbox
    html: Any = sent
    for body in (sent.body, html.alternatives[0].content):
        assert "Your matches from Tuesday, 18 August 2026" in body
        assert [f"Archaeology, Part {number}" in body for number in range(4)] == [True, True, True, False]
        assert "submarine archaeology" in body.lower().replace("\n", " ")
        assert "None of the 3 papers" in body
    assert not Delivery.objects.exists(), "none of it counts as sent"
    like = f"{reader_urls.opinion_url(digger, earlier.pk)}papers/{Paper.objects.get(title__endswith='Part 0').pk}/"
    assert like in sent.body
    page = client.get(like.removeprefix(settings.SITE_URL)).content.decode()
    assert "The papers of Tuesday, 18 August 2026" in page
    assert "Back to your digest" not in page, "there was none"


@pytest.mark.parametrize(
    ("days", "fields", "reader"),
    [
        (15, {}, {}),
        (2, {"closed_at": None}, {}),
        (2, {"send_after": NOW - dt.timedelta(hours=1)}, {"send_hour": 20}),
        (2, {}, {"frequency": "weekly"}),
    ],
    ids=["too old", "open", "still to come", "of the coming weekly digest"],
)
def test_the_plain_welcome_shows_no_paper_that_is_old_or_comes_later(
    digger: Subscriber, hugging_face: Source, days: int, fields: dict[str, Any], reader: dict[str, Any]
) -> None:
    publish_earlier(hugging_face, days, **fields)
    Subscriber.objects.update(**reader)
    queue.send_pending(now=LATER)
    assert "Archaeology, Part" not in mail.outbox[0].body


def test_the_plain_welcome_shows_no_paper_that_the_reader_has_had(digger: Subscriber, hugging_face: Source) -> None:
    earlier = publish_earlier(hugging_face)
    Delivery.objects.create(
        edition=earlier, subscriber=digger, status="sent", queued_at=NOW, not_before=NOW, sent_at=NOW
    )
    queue.send_pending(now=LATER)
    assert "Archaeology, Part" not in mail.outbox[0].body


def test_the_plain_welcome_ends_as_a_digest_does(newcomer: Subscriber) -> None:
    newcomer.filters.all().delete()
    newcomer.filters.create(words="submarine archaeology")
    queue.send_pending(now=LATER)
    (sent,) = mail.outbox
    way_out = link_tokens.make_url(Purpose.UNSUBSCRIBE, newcomer)
    assert sent.extra_headers["List-Unsubscribe"] == f"<{way_out}>"
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent.extra_headers["List-Id"]
    html: Any = sent
    for body in (sent.body, html.alternatives[0].content):
        assert way_out in body
        assert f"{link_tokens.make_url(Purpose.PREFERENCES, newcomer)}#pause" in body
        assert "You get this email because you subscribed to Daily Papers" in " ".join(body.split())


def test_a_reader_without_filters_gets_the_most_voted_papers(newcomer: Subscriber) -> None:
    newcomer.filters.all().delete()
    queue.send_pending(now=LATER)
    assert [message.subject for message in mail.outbox] == ["Welcome to Daily Papers: the top-voted papers"]


def test_it_does_not_call_the_day_of_the_edition_today(newcomer: Subscriber) -> None:
    """Between midnight and the next edition, the newest one is of the day before."""
    queue.send_pending(now=LATER)
    assert "today" not in mail.outbox[0].body.replace("\n", " ").lower()


def test_a_digest_that_is_already_planned_comes_on_its_own(newcomer: Subscriber, edition: Edition) -> None:
    planner.plan_everyone(edition, now=NOW)
    queue.send_pending(now=LATER)
    assert [message.subject for message in mail.outbox] == ["Welcome to Daily Papers"]
    assert Delivery.objects.get().status == "queued"


def test_a_welcome_that_could_not_be_sent_is_retried(newcomer: Subscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", lambda *args, **kwargs: 1 / 0)
        assert queue.send_pending(now=LATER) == 0
    assert not Delivery.objects.exists()
    assert queue.send_pending(now=LATER + dt.timedelta(minutes=6)) == 1
    assert Delivery.objects.get().status == "sent"


@pytest.mark.parametrize(
    ("policy", "subject", "status"),
    [
        ("resend", "Welcome to Daily Papers: 2 papers for you", "sent"),
        ("leave", "Welcome to Daily Papers", "uncertain"),
    ],
)
def test_a_welcome_in_doubt_after_a_crash_follows_the_setting(
    policy: str, subject: str, status: str, newcomer: Subscriber, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.UNCERTAIN_MAILS = policy

    def die(*args: object) -> None:
        raise SystemExit

    with monkeypatch.context() as deadly:
        deadly.setattr("django.core.mail.EmailMessage.send", die)
        with pytest.raises(SystemExit):
            queue.send_pending(now=LATER)
    queue.send_pending(now=LATER + dt.timedelta(minutes=6))
    assert [message.subject for message in mail.outbox] == [subject]
    assert Delivery.objects.get().status == status
