"""Deferral: some deliveries wait for a rate limit while others are sent."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from digest.delivery import planner, shard_worker
from digest.delivery.limits import daily_quota
from digest.delivery.limits.rate_settings import parse_lanes, parse_rates
from digest.models import Delivery, Edition
from subscriptions.readers import lifecycle
from tests.conftest import NOW, make_reader
from tests.digest.delivery.conftest import queue_readers

Status = Delivery.Status
pytestmark = pytest.mark.usefixtures("by_locmem")


@pytest.fixture(autouse=True)
def without_redis(settings: Any) -> None:
    settings.CELERY_BROKER_URL = "memory://"


def statuses() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("status", flat=True))


def test_the_limit_of_a_domain_holds_back_no_other(
    edition: Edition, settings: Any, clock: time_machine.Traveller
) -> None:
    settings.DOMAIN_RATES = parse_lanes("gmail.com=1/h")
    for name in ("a@gmail.com", "b@gmail.com", "c@example.org", "d@gmail.com", "e@example.org"):
        make_reader(name)
    planner.plan_everyone(edition, now=NOW)
    assert shard_worker.send_due() == 3
    assert [message.to for message in mail.outbox] == [["a@gmail.com"], ["c@example.org"], ["e@example.org"]]
    held = Delivery.objects.filter(status=Status.QUEUED).values_list("reason", "attempts", "not_before")
    assert list(held) == [("Held back: 1/h to gmail.com at most.", 0, NOW + dt.timedelta(hours=1))] * 2
    clock.shift(dt.timedelta(hours=1, seconds=1))
    assert shard_worker.send_due() == 1


def test_deliveries_above_the_daily_quota_wait_for_the_next_day(
    edition: Edition, settings: Any, clock: time_machine.Traveller
) -> None:
    settings.SEND_PER_DAY = 2
    queue_readers(edition, 5)
    assert shard_worker.send_due() == 2
    waiting = Delivery.objects.filter(status=Status.QUEUED)
    assert set(waiting.values_list("not_before", flat=True)) == {NOW.replace(hour=0) + dt.timedelta(days=1)}
    assert shard_worker.send_due() == 0
    clock.shift(dt.timedelta(hours=12))
    assert shard_worker.send_due() == 2


def test_a_reader_without_an_email_uses_no_daily_quota(
    edition: Edition, settings: Any, clock: time_machine.Traveller
) -> None:
    settings.SEND_PER_DAY = 10
    make_reader("quiet@example.org", words="submarines")
    queue_readers(edition, 2)
    assert shard_worker.send_due() == 2
    assert daily_quota.taken(now=NOW) == 2


def test_a_worker_waits_if_the_limit_ends_soon(edition: Edition, settings: Any) -> None:
    settings.SEND_RATE = parse_rates("40/s")
    queue_readers(edition, 50)
    began = timezone.now()
    assert shard_worker.send_due() == 50
    # Forty are sent at once, because the bucket was full, and then ten more in a quarter of a second.
    assert dt.timedelta(seconds=0.2) < timezone.now() - began


def test_it_waits_for_a_domain_while_others_are_sent(edition: Edition, settings: Any) -> None:
    settings.DOMAIN_RATES = parse_lanes("example.org=20/s")
    queue_readers(edition, 30)
    for number in range(5):
        make_reader(f"other{number}@elsewhere.org")
    planner.plan_everyone(edition, now=timezone.now())
    assert shard_worker.send_due() == 35
    arrived = [message.to[0] for message in mail.outbox]
    assert arrived.index("other4@elsewhere.org") < len(arrived) - 5


def test_a_reader_who_unsubscribes_while_held_back_gets_nothing(
    edition: Edition, settings: Any, clock: time_machine.Traveller
) -> None:
    settings.SEND_RATE = parse_rates("1/h")
    queue_readers(edition, 2)
    assert shard_worker.send_due() == 1
    for delivery in Delivery.objects.filter(status=Status.QUEUED):
        lifecycle.unsubscribe(delivery.subscriber, now=NOW)
    clock.shift(dt.timedelta(hours=2))
    assert shard_worker.send_due() == 0
    assert statuses() == [Status.SENT, Status.SKIPPED]
