"""Limits on the way out: some wait, others leave."""

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


def test_a_domains_limit_holds_back_nobody_else(edition: Edition, settings: Any, clock: time_machine.Traveller) -> None:
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


def test_what_the_day_does_not_allow_waits_for_the_next(
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


def test_who_is_not_mailed_costs_the_day_nothing(
    edition: Edition, settings: Any, clock: time_machine.Traveller
) -> None:
    settings.SEND_PER_DAY = 10
    make_reader("quiet@example.org", words="submarines")
    queue_readers(edition, 2)
    assert shard_worker.send_due() == 2
    assert daily_quota.taken(now=NOW) == 2


def test_a_worker_waits_for_a_turn_that_is_near(edition: Edition, settings: Any) -> None:
    settings.SEND_RATE = parse_rates("40/s")
    queue_readers(edition, 50)
    began = timezone.now()
    assert shard_worker.send_due() == 50
    # Forty at once, as the bucket was full, and ten at a quarter of a second for ten.
    assert dt.timedelta(seconds=0.2) < timezone.now() - began


def test_a_domain_whose_turn_is_near_is_waited_for_while_others_leave(edition: Edition, settings: Any) -> None:
    settings.DOMAIN_RATES = parse_lanes("example.org=20/s")
    queue_readers(edition, 30)
    for number in range(5):
        make_reader(f"other{number}@elsewhere.org")
    planner.plan_everyone(edition, now=timezone.now())
    assert shard_worker.send_due() == 35
    arrived = [message.to[0] for message in mail.outbox]
    assert arrived.index("other4@elsewhere.org") < len(arrived) - 5


def test_who_leaves_while_a_limit_holds_them_back_gets_nothing(
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
