"""Daily totals, and the deletion of old rows."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User

from digest import tasks
from digest.models import Allowance, DailyTotal, Delivery, DeliveryEvent, Edition, FetchRun, Pause, Shard, Source
from digest.ops import daily_totals, retention
from subscriptions.models import Farewell, Subscriber
from tests.conftest import NOW, make_reader

pytestmark = pytest.mark.usefixtures("now")
LONG_AGO = NOW - dt.timedelta(days=100)


def deliver(edition: Edition, when: dt.datetime, name: str, status: str = "sent") -> Delivery:
    reader = Subscriber.objects.filter(email=name).first() or make_reader(name)
    moments = {"queued_at": when, "not_before": when, "sent_at": when if status == "sent" else None}
    return Delivery.objects.create(edition=edition, subscriber=reader, status=status, **moments)


def tell(event_type: str, when: dt.datetime, delivery: Delivery | None = None, meaning: str = "") -> None:
    key = f"{event_type}{meaning}{when}{delivery and delivery.pk}"
    DeliveryEvent.objects.create(
        delivery=delivery, event_key=key, event_type=event_type, meaning=meaning, happened_at=when
    )


@pytest.fixture
def old(edition: Edition) -> Edition:
    """An edition of a hundred days ago: two digests sent, one of them bounced, and one skipped."""
    past = Edition.objects.create(day=LONG_AGO.date(), published_at=LONG_AGO)
    gone = deliver(past, LONG_AGO, "a@example.org")
    deliver(past, LONG_AGO, "b@example.org")
    deliver(past, LONG_AGO, "c@example.org", "skipped")
    tell("bounced", LONG_AGO, gone, "hard")
    tell("delivered", LONG_AGO)
    return past


def counted(day: dt.date) -> dict[str, int]:
    return {f"{total.kind} {total.what}": total.number for total in DailyTotal.objects.filter(day=day)}


def test_it_counts_a_day_that_is_over(old: Edition) -> None:
    daily_totals.count_days(now=NOW)
    assert counted(LONG_AGO.date()) == {
        "delivery sent": 2,
        "delivery skipped": 1,
        "event bounced hard": 1,
        "event delivered": 1,
    }
    assert set(DailyTotal.objects.exclude(what="delivered").values_list("edition", flat=True)) >= {old.pk}


def test_it_counts_every_day_once_and_the_last_ones_again(old: Edition) -> None:
    assert daily_totals.count_days(now=NOW) == 100
    assert daily_totals.count_days(now=NOW) == 4
    assert daily_totals.count_days(now=NOW + dt.timedelta(days=1)) == 4


def test_a_late_report_is_counted_on_its_day(edition: Edition) -> None:
    yesterday = NOW - dt.timedelta(days=1)
    row = deliver(edition, yesterday, "a@example.org")
    daily_totals.count_days(now=NOW)
    tell("complained", yesterday, row, "complaint")
    daily_totals.count_days(now=NOW)
    assert counted(yesterday.date()) == {"delivery sent": 1, "event complained complaint": 1}


@pytest.mark.usefixtures("old")
def test_it_deletes_old_rows_and_keeps_their_totals(edition: Edition) -> None:
    kept = deliver(edition, NOW, "a@example.org")
    tell("delivered", NOW, kept)
    tasks.keep_house()
    assert list(Delivery.objects.all()) == [kept]
    assert DeliveryEvent.objects.count() == 1
    assert counted(LONG_AGO.date())["delivery sent"] == 2


@pytest.mark.usefixtures("old")
def test_it_deletes_nothing_that_was_not_counted() -> None:
    retention.delete_old(now=NOW)
    assert Delivery.objects.count() == 3


@pytest.mark.parametrize(("kept_days", "left"), [(90, [89, 29]), (30, [29])])
@pytest.mark.django_db
def test_it_deletes_old_reports_of_providers(settings: Any, kept_days: int, left: list[int]) -> None:
    settings.RETENTION_DAYS = kept_days
    for days in (92, 89, 29):
        tell("delivered", NOW - dt.timedelta(days=days))
    tasks.keep_house()
    left_over = DeliveryEvent.objects.order_by("happened_at").values_list("happened_at", flat=True)
    assert [(NOW - at).days for at in left_over] == left


def test_it_deletes_no_queued_delivery(edition: Edition) -> None:
    deliver(edition, LONG_AGO, "a@example.org", "queued")
    tasks.keep_house()
    assert Delivery.objects.count() == 1


def test_it_deletes_rows_in_batches(old: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    breaths: list[float] = []
    daily_totals.count_days(now=NOW)
    gone = retention.delete_old(now=NOW, sleep=breaths.append)
    assert (gone["deliveries"], gone["events"], len(breaths)) == (3, 2, 3)
    assert retention.delete_old(now=NOW, seconds=0) == {
        "events": 0,
        "deliveries": 0,
        "fetch runs": 0,
        "actions": 0,
    }


@pytest.mark.django_db
def test_it_deletes_old_counts_of_domains() -> None:
    for days in (0, 6, 8):
        at = NOW - dt.timedelta(days=days)
        Allowance.objects.create(name=f"domain {days}.example.org", level=0, at=at)
        Allowance.objects.create(name=f"day {at.date()}", level=3, at=at)
    tasks.keep_house()
    kept = set(Allowance.objects.values_list("name", flat=True))
    assert {name for name in kept if "example" in name} == {"domain 0.example.org", "domain 6.example.org"}
    assert len(kept) == 5


def test_it_deletes_old_logs_and_shards(hugging_face: Source, edition: Edition) -> None:
    for started in (LONG_AGO, NOW):
        FetchRun.objects.create(source=hugging_face, day=started.date(), started_at=started, status="ok")
    moments = {"made_at": LONG_AGO, "not_before": LONG_AGO, "done_at": LONG_AGO}
    Shard.objects.create(edition=edition, first=1, last=2, size=2, **moments)
    deliver(edition, NOW - dt.timedelta(days=95), "a@example.org")
    tasks.keep_house()
    assert [run.started_at for run in FetchRun.objects.all()] == [NOW]
    assert not Shard.objects.exists()


def test_it_deletes_old_rows_of_the_log_of_staff(admin_user: User, edition: Edition) -> None:
    for days in (91, 89):
        LogEntry.objects.log_actions(admin_user.pk, [edition], CHANGE, f"{days} days ago")
        when = NOW - dt.timedelta(days=days)
        LogEntry.objects.filter(change_message=f"{days} days ago").update(action_time=when)
    retention.delete_old(now=NOW)
    assert LogEntry.objects.get().change_message == "89 days ago"


@pytest.mark.django_db
def test_it_deletes_old_pauses_and_what_readers_wrote_when_they_left() -> None:
    for days in (91, 89):
        when = NOW - dt.timedelta(days=days)
        Pause.objects.create(reason=f"{days} days ago", began_at=when, ended_at=when)
        Farewell.objects.create(reason="other", remark="I am Ada", day=when.date())
    Pause.objects.create(reason="open", began_at=LONG_AGO)
    retention.delete_old(now=NOW)
    assert set(Pause.objects.values_list("reason", flat=True)) == {"89 days ago", "open"}
    assert list(Farewell.objects.values_list("reason", "remark")) == [("other", "I am Ada"), ("other", "")]
