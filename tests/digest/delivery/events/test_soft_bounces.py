"""The rule for soft bounces."""

import datetime as dt

import pytest
from anymail.signals import AnymailTrackingEvent, EventType

from digest.delivery import events
from digest.delivery.events.soft_bounces import DigestOutcome, MailedDigest, bounced_for_too_long
from digest.models import Delivery, Edition
from subscriptions.models import Subscriber
from tests.conftest import NOW

DAY = dt.date(2026, 8, 20)


def history(letters: str) -> list[MailedDigest]:
    """Return digests, newest first: b bounced, B bounced on the day of the former, a arrived, s sent, - not sent."""
    issues, ago = [], 0
    for letter in letters:
        ago += letter != "B"
        outcome = {
            "b": DigestOutcome.BOUNCED,
            "a": DigestOutcome.ARRIVED,
            "s": DigestOutcome.NO_REPORT,
            "-": DigestOutcome.NOT_SENT,
        }[letter.lower()]
        issues.append(MailedDigest(outcome, DAY - dt.timedelta(days=ago)))
    return issues


@pytest.mark.parametrize(
    ("letters", "worn_out"),
    [
        ("bbbbb", False),  # five issues, in five days
        ("bbbb---b", True),  # five issues over a week
        ("bbb----b", False),  # four issues over a week
        ("bbbbbbbb", True),
        ("bbbbbbba", False),
        ("bbbbabbbbbbbb", False),  # what came before it arrived is forgotten
        ("bbbbsbbbbbbbb", False),  # no event reports a bounce, and later digests bounced: it arrived
        ("sbbbb---b", True),  # the newest is still on its way
        ("bbbbBBB---", False),  # a day counts once
        ("", False),
        ("a", False),
    ],
)
def test_it_gives_up_after_five_issues_in_a_row_over_a_week(letters: str, worn_out: bool) -> None:
    assert bounced_for_too_long(history(letters)) is worn_out


@pytest.fixture
def eight_days(alice: Subscriber) -> list[Delivery]:
    """Alice's digests of eight days, all sent."""
    days = [NOW + dt.timedelta(days=ago) for ago in range(-7, 1)]
    return [
        Delivery.objects.create(
            edition=Edition.objects.create(day=day.date(), published_at=day),
            subscriber=alice,
            status="sent",
            queued_at=day,
            not_before=day,
            sent_at=day,
        )
        for day in days
    ]


def tell(event_type: str, delivery: Delivery, after: dt.timedelta = dt.timedelta(hours=1)) -> None:
    reported = AnymailTrackingEvent(
        event_type=event_type,
        event_id=f"{event_type}-{delivery.pk}",
        timestamp=delivery.queued_at + after,
        recipient="alice@example.org",
        metadata={"delivery": str(delivery.pk)},
        esp_event={"event": "soft_bounce"},
    )
    events.record(reported, "Brevo")


def status(reader: Subscriber) -> str:
    reader.refresh_from_db()
    return reader.status


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_it_suppresses_a_reader_whose_mailbox_was_full_for_a_week(
    order: slice, eight_days: list[Delivery], alice: Subscriber
) -> None:
    for delivery in eight_days[1:][order]:
        tell(EventType.BOUNCED, delivery)
    assert status(alice) == "active"
    tell(EventType.BOUNCED, eight_days[0])
    assert status(alice) == "suppressed"


def test_it_begins_to_count_anew_after_a_digest_that_arrived(eight_days: list[Delivery], alice: Subscriber) -> None:
    for delivery in eight_days[:5]:
        tell(EventType.BOUNCED, delivery)
    tell(EventType.DELIVERED, eight_days[5])
    for delivery in eight_days[6:]:
        tell(EventType.BOUNCED, delivery)
    assert status(alice) == "active"


def test_a_digest_that_arrived_after_its_bounce_has_arrived(eight_days: list[Delivery], alice: Subscriber) -> None:
    tell(EventType.DELIVERED, eight_days[4], after=dt.timedelta(hours=2))  # reported before its bounce
    for delivery in eight_days:
        tell(EventType.BOUNCED, delivery)
    assert status(alice) == "active"
