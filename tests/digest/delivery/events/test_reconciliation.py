"""Later events correct the outcome that was recorded at the hand-over."""

import datetime as dt
from itertools import permutations

import pytest
from anymail.signals import AnymailTrackingEvent, EventType

from digest.delivery import events, planner, results
from digest.models import Delivery, Edition
from subscriptions.models import Subscriber
from tests.conftest import NOW


@pytest.fixture
def delivery(edition: Edition, alice: Subscriber) -> Delivery:
    planner.plan_everyone(edition, now=NOW)
    return Delivery.objects.get()


def tell(event_type: str, delivery: Delivery, minutes: int = 1) -> None:
    reported = AnymailTrackingEvent(
        event_type=event_type,
        event_id=f"{event_type}{minutes}",
        timestamp=NOW + dt.timedelta(minutes=minutes),
        recipient="alice@example.org",
        metadata={"delivery": str(delivery.pk)},
        description="because",
    )
    events.record(reported, "Postmark")


@pytest.mark.parametrize(
    ("was", "attempts", "event_type", "becomes"),
    [
        ("uncertain", 1, EventType.DELIVERED, "sent"),
        ("uncertain", 1, EventType.DEFERRED, "sent"),  # so the provider accepted it
        ("uncertain", 1, EventType.BOUNCED, "sent"),
        ("uncertain", 1, EventType.REJECTED, "failed"),
        ("uncertain", 1, EventType.UNKNOWN, "uncertain"),
        ("queued", 1, EventType.DELIVERED, "sent"),  # an uncertain one that waits for a retry
        ("queued", 0, EventType.DELIVERED, "queued"),  # its worker has not recorded it yet
        ("sent", 1, EventType.DELIVERED, "sent"),
        ("sent", 1, EventType.FAILED, "failed"),
        ("sent", 1, EventType.REJECTED, "failed"),
        ("sent", 1, EventType.BOUNCED, "sent"),
        ("failed", 1, EventType.DELIVERED, "sent"),
        ("skipped", 0, EventType.DELIVERED, "skipped"),
    ],
)
def test_it_corrects_the_row(was: str, attempts: int, event_type: str, becomes: str, delivery: Delivery) -> None:
    sent_at = NOW if was == "sent" else None
    Delivery.objects.update(status=was, attempts=attempts, sent_at=sent_at)
    tell(event_type, delivery)
    delivery.refresh_from_db()
    assert delivery.status == becomes
    assert (delivery.sent_at is not None) is (becomes == "sent")


def test_it_says_why_a_sent_one_failed(delivery: Delivery) -> None:
    Delivery.objects.update(status="sent", sent_at=NOW)
    tell(EventType.REJECTED, delivery)
    assert Delivery.objects.get().reason == "The provider accepted it, and then reported it as rejected. because"


@pytest.mark.parametrize("order", list(permutations([(EventType.FAILED, 1), (EventType.DELIVERED, 2)])))
def test_the_last_event_counts_whatever_order_they_come_in(order: list[tuple[str, int]], delivery: Delivery) -> None:
    Delivery.objects.update(status="uncertain", attempts=1)
    for event_type, minutes in order:
        tell(event_type, delivery, minutes)
    assert Delivery.objects.get().status == "sent"


@pytest.mark.parametrize(("event_type", "status"), [(EventType.DELIVERED, "sent"), (EventType.UNKNOWN, "queued")])
def test_what_a_dead_worker_had_in_hand_is_not_sent_again_when_it_was_reported(
    event_type: str, status: str, delivery: Delivery
) -> None:
    tell(event_type, delivery)
    results.record_uncertain({delivery.pk: ""}, "A worker died.", now=NOW)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (status, 1)


def test_events_from_before_a_delivery_was_queued_again_do_not_count(delivery: Delivery) -> None:
    tell(EventType.DEFERRED, delivery)
    Delivery.objects.update(queued_at=NOW + dt.timedelta(hours=1))
    results.record_uncertain({delivery.pk: ""}, "A worker died.", now=NOW + dt.timedelta(hours=1))
    assert Delivery.objects.get().status == "queued"


def test_a_refusal_at_the_hand_over_does_not_settle_a_later_try(delivery: Delivery) -> None:
    events.record_bounces([(delivery.pk, "soft", "452 4.2.2 full")], now=NOW)
    results.record_uncertain({delivery.pk: ""}, "A worker died.", now=NOW)
    assert Delivery.objects.get().status == "queued"
