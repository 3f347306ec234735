"""The sender's reputation, and the pause if it is bad."""

import datetime as dt
from typing import Any

import pytest

from digest.delivery import pauses
from digest.models import Delivery, DeliveryEvent, Edition, Pause
from digest.ops import daily_totals, reputation, reputation_guard
from digest.ops.reputation import DomainProblems, ReputationRates
from tests.conftest import NOW, make_reader
from tests.digest.ops.test_retention import tell

pytestmark = pytest.mark.usefixtures("now")


@pytest.fixture
def sent(edition: Edition) -> list[Delivery]:
    """Ten sent emails, one on each of the last ten days."""
    reader = make_reader("alice@example.org")
    rows = []
    for ago in range(10):
        when = NOW - dt.timedelta(days=ago, hours=1)
        day = Edition.objects.create(day=dt.date(2020, 1, 1) + dt.timedelta(days=ago), published_at=when)
        moments = {"queued_at": when, "not_before": when, "sent_at": when}
        rows.append(Delivery.objects.create(edition=day, subscriber=reader, status="sent", **moments))
    return rows


@pytest.mark.parametrize("is_counted", [False, True])
def test_it_counts_the_last_seven_days_with_or_without_totals(is_counted: bool, sent: list[Delivery]) -> None:
    for row, (event_type, meaning) in zip(
        sent,
        [
            ("complained", "complaint"),
            ("bounced", "hard"),
            ("bounced", "soft"),
            ("delivered", ""),
            ("bounced", "policy"),
        ]
        + [("unsubscribed", "left")] * 5,
        strict=True,
    ):
        tell(event_type, row.queued_at, row, meaning)
    if is_counted:
        daily_totals.count_days(now=NOW)
    lately = reputation.recent_rates(now=NOW)
    assert lately == ReputationRates(sent=7, delivered=1, hard=1, soft=1, policy=1, complaints=1, left=2)


def many(complaints: int = 0, hard: int = 0, sent: int = 1000) -> ReputationRates:
    return ReputationRates(sent=sent, complaints=complaints, hard=hard)


@pytest.mark.parametrize(
    ("lately", "flags", "is_problem"),
    [
        (many(), 0, False),
        (many(complaints=1), 1, False),  # 0.1 %
        (many(complaints=2), 1, False),
        (many(complaints=3), 1, True),  # 0.3 %
        (many(hard=39), 0, False),
        (many(hard=40), 1, False),
        (many(hard=80), 1, True),
        (many(complaints=50, hard=50, sent=199), 0, False),  # too few to say anything
    ],
)
def test_warnings_come_before_the_pause(lately: ReputationRates, flags: int, is_problem: bool) -> None:
    assert (len(lately.flags), bool(reputation_guard.problem(lately))) == (flags, is_problem)


def test_sending_pauses_until_an_admin_ends_the_pause(sent: list[Delivery], settings: Any) -> None:
    settings.RATES_FROM_MAILS = 5
    assert reputation_guard.pause_if_harmful(now=NOW) is False
    tell("complained", NOW - dt.timedelta(hours=1), sent[0], "complaint")
    assert reputation_guard.pause_if_harmful(now=NOW) is True
    pause = Pause.objects.get()
    window = "from 13 Aug 12:00 to 20 Aug 12:00 UTC"
    assert f"Readers marked 1 of 7 emails sent {window} as spam: 14.29 %. The limit is 0.3 %." in pause.reason
    assert pause.probe_at is None  # it does not end by itself
    assert reputation_guard.pause_if_harmful(now=NOW) is False


def test_acknowledged_rates_do_not_pause_sending_again(sent: list[Delivery], settings: Any) -> None:
    settings.RATES_FROM_MAILS = 1
    tell("complained", NOW - dt.timedelta(hours=1), sent[0], "complaint")
    reputation_guard.pause_if_harmful(now=NOW)
    pauses.end(now=NOW)
    later = NOW + dt.timedelta(hours=1)
    Delivery.objects.filter(pk=sent[1].pk).update(queued_at=NOW + dt.timedelta(minutes=5))
    assert reputation_guard.pause_if_harmful(now=later) is False
    DeliveryEvent.objects.update(delivery=sent[1], happened_at=NOW + dt.timedelta(minutes=6))
    assert reputation_guard.pause_if_harmful(now=later) is True


def test_a_late_complaint_about_acknowledged_emails_does_not_count(sent: list[Delivery], settings: Any) -> None:
    settings.RATES_FROM_MAILS = 1
    pauses.start("Too many complained.", now=NOW - dt.timedelta(days=5), has_probes=False)
    pauses.end(now=NOW - dt.timedelta(days=4, hours=12))
    tell("complained", NOW - dt.timedelta(days=2), sent[8], "complaint")
    daily_totals.count_days(now=NOW)
    assert reputation_guard.pause_if_harmful(now=NOW) is False
    tell("complained", NOW - dt.timedelta(days=2), sent[3], "complaint")
    assert reputation_guard.pause_if_harmful(now=NOW) is True


def test_a_pause_of_another_kind_does_not_hide_complaints(sent: list[Delivery], settings: Any) -> None:
    settings.RATES_FROM_MAILS = 1
    pauses.start("The mail server is away.", now=NOW)
    tell("complained", NOW - dt.timedelta(hours=1), sent[0], "complaint")
    assert reputation_guard.pause_if_harmful(now=NOW) is True
    pause = Pause.objects.get(ended_at=None)
    assert (pause.probe_at, "as spam" in pause.reason) == (None, True)
    assert reputation_guard.pause_if_harmful(now=NOW) is False


def test_it_lists_the_domains_with_the_most_problems(sent: list[Delivery]) -> None:
    readers = [make_reader("bob@Example.net"), make_reader("carol@example.net"), make_reader("dan@example.com")]
    for delivery, reader in zip(sent, readers, strict=False):
        Delivery.objects.filter(pk=delivery.pk).update(subscriber=reader)
    for row, (event_type, meaning) in zip(
        sent, [("bounced", "hard"), ("complained", "complaint"), ("bounced", "policy"), ("delivered", "")], strict=False
    ):
        tell(event_type, NOW, row, meaning)
    assert reputation.problems_by_domain(now=NOW) == [
        DomainProblems("example.net", hard=1, complaints=1),
        DomainProblems("example.com", policy=1),
    ]
    assert reputation.problems_by_domain(now=NOW + dt.timedelta(days=8)) == []
