"""The planner: which reader gets which edition, and when."""

import datetime as dt
from typing import Any

import pytest
from django.db.models import QuerySet

from digest.delivery import planner
from digest.models import Delivery, Edition, Shard
from subscriptions.models import Subscriber
from subscriptions.readers import lifecycle
from tests.conftest import NOW, TODAY, make_reader

pytestmark = pytest.mark.both_databases
HOURS = dt.timedelta(hours=1)


def planned() -> QuerySet[Delivery]:
    return Delivery.objects.filter(status=Delivery.Status.QUEUED)


@pytest.fixture
def scheduled(edition: Edition) -> Edition:
    """An edition published on Thursday at 12:00 UTC and sent by schedule."""
    assert edition.send_after == NOW
    return edition


@pytest.mark.usefixtures("scheduled")
def test_it_plans_no_reader_before_their_hour() -> None:
    make_reader("a@example.org", send_hour=14)
    assert planner.plan_due(now=NOW + HOURS) == 0
    assert planner.plan_due(now=NOW + 2 * HOURS) == 1


@pytest.mark.usefixtures("scheduled")
def test_it_plans_by_the_readers_time_zone() -> None:
    make_reader("berlin@example.org", send_hour=15, time_zone="Europe/Berlin")  # 13:00 UTC
    make_reader("tokyo@example.org", send_hour=15, time_zone="Asia/Tokyo")  # 06:00 UTC tomorrow
    planner.plan_due(now=NOW + HOURS)
    assert [delivery.subscriber.email for delivery in planned()] == ["berlin@example.org"]


@pytest.mark.usefixtures("scheduled")
def test_it_may_run_any_number_of_times() -> None:
    make_reader("a@example.org", send_hour=12)
    assert [planner.plan_due(now=NOW + n * HOURS) for n in range(3)] == [1, 0, 0]


@pytest.mark.usefixtures("scheduled", "bob", "charlie")
def test_it_plans_active_readers_only() -> None:
    paused = make_reader("paused@example.org", send_hour=12)
    lifecycle.pause(paused, TODAY + dt.timedelta(days=7))
    assert planner.plan_due(now=NOW + dt.timedelta(days=1)) == 0


@pytest.mark.usefixtures("scheduled")
def test_it_neither_skips_nor_repeats_a_reader_who_changes_their_hour() -> None:
    early = make_reader("early@example.org", send_hour=13)
    late = make_reader("late@example.org", send_hour=20)
    planner.plan_due(now=NOW + HOURS)
    Subscriber.objects.filter(pk=early.pk).update(send_hour=15)
    Subscriber.objects.filter(pk=late.pk).update(send_hour=13)
    planner.plan_due(now=NOW + 3 * HOURS)
    assert planned().count() == 2


@pytest.mark.usefixtures("scheduled")
def test_it_plans_past_hours_again_only_every_half_hour() -> None:
    planner.plan_due(now=NOW + 5 * HOURS + dt.timedelta(minutes=10))
    make_reader("a@example.org", send_hour=13)
    ticks = [5 * HOURS + dt.timedelta(minutes=minute) for minute in range(11, 32)]
    assert [tick for tick in ticks if planner.plan_due(now=NOW + tick)] == [5 * HOURS + dt.timedelta(minutes=30)]


@pytest.mark.usefixtures("scheduled")
def test_it_plans_past_hours_again_even_if_it_missed_the_half_hour() -> None:
    planner.plan_due(now=NOW + 5 * HOURS + dt.timedelta(minutes=29))
    make_reader("a@example.org", send_hour=13)
    assert planner.plan_due(now=NOW + 5 * HOURS + dt.timedelta(minutes=31)) == 1


@pytest.mark.usefixtures("scheduled")
def test_it_plans_after_the_clock_was_ahead() -> None:
    planner.plan_due(now=NOW + 23 * HOURS)
    make_reader("a@example.org", send_hour=13)
    assert planner.plan_due(now=NOW + HOURS + dt.timedelta(minutes=1)) == 1


@pytest.mark.usefixtures("scheduled")
def test_it_leaves_a_new_reader_for_the_next_edition() -> None:
    reader = make_reader("new@example.org", send_hour=13)
    Subscriber.objects.filter(pk=reader.pk).update(active_since=NOW + 2 * HOURS)
    assert planner.plan_due(now=NOW + 3 * HOURS) == 0


@pytest.mark.usefixtures("scheduled")
def test_it_records_digests_that_are_more_than_a_day_late() -> None:
    make_reader("a@example.org", send_hour=13)
    planner.plan_due(now=NOW + 26 * HOURS)
    (delivery,) = Delivery.objects.all()
    assert (delivery.status, delivery.reason) == (Delivery.Status.SKIPPED, planner.TOO_LATE_REASON)


def test_it_sends_a_late_digest_if_an_operator_asks_for_it(scheduled: Edition) -> None:
    make_reader("a@example.org", send_hour=13)
    planner.plan_due(now=NOW + 26 * HOURS)
    assert planner.plan_everyone(scheduled, now=NOW + 27 * HOURS) == 1
    assert planned().count() == 1


def test_it_plans_no_edition_that_was_published_for_the_pages_only(edition: Edition) -> None:
    Edition.objects.update(send_after=None)
    make_reader("a@example.org", send_hour=13)
    assert planner.plan_due(now=NOW + 2 * HOURS) == 0
    assert planner.plan_everyone(edition, now=NOW) == 1


def test_weekly_readers_get_only_the_last_edition_of_the_week(scheduled: Edition) -> None:
    make_reader("weekly@example.org", frequency="weekly", send_hour=13)
    assert planner.plan_due(now=NOW + 2 * HOURS) == 0
    assert planner.plan_everyone(scheduled, now=NOW) == 0
    assert planner.weekly_readers_waiting(scheduled, now=NOW) == 1
    Edition.objects.create(day=TODAY + dt.timedelta(days=1), published_at=NOW + 24 * HOURS, send_after=NOW + 24 * HOURS)
    assert planner.plan_due(now=NOW + 26 * HOURS) == 1
    assert planned().get().edition.day == TODAY + dt.timedelta(days=1)


@pytest.mark.usefixtures("scheduled")
def test_it_sends_the_weekly_digest_after_saturdays_hour_if_friday_had_no_edition() -> None:
    make_reader("weekly@example.org", frequency="weekly", send_hour=17)
    assert planner.plan_due(now=NOW + 52 * HOURS) == 0  # Saturday, 16:00
    assert planner.plan_due(now=NOW + 53 * HOURS) == 1


@pytest.mark.usefixtures("scheduled")
def test_an_edition_of_friday_published_late_for_the_pages_does_not_stop_the_weekly_digest() -> None:
    make_reader("weekly@example.org", frequency="weekly", send_hour=17)
    Edition.objects.create(day=TODAY + dt.timedelta(days=1), published_at=NOW + 50 * HOURS)
    assert planner.plan_due(now=NOW + 53 * HOURS) == 1


@pytest.mark.usefixtures("scheduled")
def test_it_sends_no_second_weekly_digest_if_fridays_edition_is_withdrawn() -> None:
    make_reader("weekly@example.org", frequency="weekly", send_hour=17)
    at = NOW + 24 * HOURS
    friday = Edition.objects.create(day=TODAY + dt.timedelta(days=1), published_at=at, closed_at=at, send_after=at)
    assert planner.plan_due(now=NOW + 29 * HOURS) == 1
    Edition.objects.filter(pk=friday.pk).update(send_after=None)
    assert planner.plan_due(now=NOW + 53 * HOURS) == 0


@pytest.mark.usefixtures("scheduled")
def test_a_late_edition_of_friday_sent_by_hand_goes_to_weekly_readers_too() -> None:
    make_reader("weekly@example.org", frequency="weekly", send_hour=17)
    at = NOW + 72 * HOURS
    friday = Edition.objects.create(day=TODAY + dt.timedelta(days=1), published_at=at, closed_at=at)
    assert planner.plan_everyone(friday, now=at + HOURS) == 1


def test_it_sends_the_weekly_digest_of_a_week_that_ended_on_monday(scheduled: Edition) -> None:
    monday = NOW - dt.timedelta(days=3)
    Edition.objects.filter(pk=scheduled.pk).update(day=monday.date(), send_after=monday)
    make_reader("weekly@example.org", frequency="weekly", send_hour=8, time_zone="America/Los_Angeles")
    saturday = dt.datetime(2026, 8, 22, tzinfo=dt.UTC)
    planned_at = [hour for hour in range(72) if planner.plan_due(now=saturday + hour * HOURS)]
    assert planned_at == [39]  # Sunday, 08:00 there


@pytest.mark.usefixtures("scheduled")
def test_it_plans_many_slots_at_once() -> None:
    zones = ["Europe/Berlin", "Asia/Tokyo", "America/New_York", "UTC"]
    for number in range(48):
        make_reader(f"{number}@example.org", send_hour=number % 24, time_zone=zones[number % 4])
    planner.plan_due(now=NOW + 24 * HOURS)
    assert planned().count() == 48


def test_it_puts_each_delivery_into_one_shard_even_if_editions_alternate(edition: Edition) -> None:
    friday = Edition.objects.create(day=TODAY + dt.timedelta(days=1), published_at=NOW)
    for number in range(3):
        make_reader(f"{number}@example.org")
        for each in (edition, friday):
            assert planner.plan_everyone(each, now=NOW) == 1
    shards = Shard.objects.order_by("pk")
    assert [shard.size for shard in shards] == [1] * 6
    assert [pk for shard in shards for pk in shard.deliveries.values_list("pk", flat=True)] == sorted(
        planned().values_list("pk", flat=True)
    )


@pytest.mark.usefixtures("scheduled")
def test_it_spreads_an_hour_over_minutes_with_the_same_minute_for_each_reader(settings: Any) -> None:
    settings.SEND_SPREAD_MINUTES = 10
    readers = [make_reader(f"reader{number}@example.org", send_hour=13) for number in range(20)]
    planned_at: dict[int, int] = {}
    for minute in range(12):
        planner.plan_due(now=NOW + HOURS + dt.timedelta(minutes=minute))
        for pk in planned().values_list("subscriber_id", flat=True):
            planned_at.setdefault(pk, minute)
    assert planned_at == {reader.pk: reader.pk % 10 for reader in readers}


@pytest.mark.usefixtures("scheduled")
def test_a_reader_with_a_missed_minute_is_planned_later(settings: Any) -> None:
    settings.SEND_SPREAD_MINUTES = 10
    for number in range(20):
        make_reader(f"reader{number}@example.org", send_hour=13)
    assert planner.plan_due(now=NOW + 2 * HOURS) == 20
