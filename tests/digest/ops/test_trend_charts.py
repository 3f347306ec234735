"""The small charts of the last days."""

import datetime as dt

import pytest
from django.test import Client

from digest.delivery import planner
from digest.models import DailyTotal, Delivery, Edition, Paper
from digest.ops import daily_totals, trend_charts
from digest.ops.trend_charts import Chart
from subscriptions.models import Consent, Subscriber
from subscriptions.readers import lifecycle
from tests.conftest import NOW, TODAY

pytestmark = pytest.mark.usefixtures("now")
YESTERDAY = TODAY - dt.timedelta(days=1)


def numbers(chart: Chart) -> dict[str, dict[dt.date, int]]:
    found: dict[str, dict[dt.date, int]] = {name: {} for name in chart.series}
    for bar in chart.bars:
        if bar.number:
            found[bar.name][bar.day] = bar.number
    return found


def test_they_count_papers_digests_and_readers_by_day(edition: Edition, alice: Subscriber) -> None:
    Paper.objects.filter(title="Faster Diffusion").update(is_hidden=True)
    planner.plan_everyone(edition, now=NOW)
    Delivery.objects.update(status="sent", sent_at=NOW)
    DailyTotal.objects.create(day=YESTERDAY, kind="delivery", what="sent", number=40, edition=edition)
    DailyTotal.objects.create(day=YESTERDAY, kind="delivery", what="failed", number=2, edition=edition)
    DailyTotal.objects.create(day=TODAY - dt.timedelta(days=14), kind="delivery", what="sent", number=7)
    Consent.objects.update(happened_at=NOW - dt.timedelta(days=1))
    lifecycle.unsubscribe(alice, now=NOW)
    papers, digests, readers = trend_charts.charts(now=NOW)
    assert numbers(papers) == {"Papers in editions": {TODAY: 2}}
    assert numbers(digests) == {"Digests sent": {YESTERDAY: 40, TODAY: 1}}
    assert numbers(readers) == {"Readers who came": {YESTERDAY: 1}, "who left": {TODAY: 1}}
    assert (digests.summary, readers.summary) == ("Digests sent: 41", "Readers who came: 1, who left: 1")


def test_a_day_is_not_counted_twice_once_it_has_its_total(edition: Edition, alice: Subscriber) -> None:
    planner.plan_everyone(edition, now=NOW)
    Delivery.objects.update(status="sent", sent_at=NOW, queued_at=NOW - dt.timedelta(days=1))
    before = trend_charts.charts(now=NOW)[1].summary
    daily_totals.count_days(now=NOW)
    assert before == trend_charts.charts(now=NOW)[1].summary == "Digests sent: 1"


def test_bars_are_as_high_as_their_numbers_and_none_is_lost() -> None:
    days = [TODAY, YESTERDAY, NOW.date() - dt.timedelta(days=2)]
    bars = list(Chart({"sent": {days[0]: 1000, days[1]: 500, days[2]: 1}}, days).bars)
    assert [bar.height for bar in bars] == [48, 24, 1]
    assert [bar.y for bar in bars] == [0, 24, 47]
    assert [bar.height for bar in Chart({"sent": {}}, days).bars] == [0, 0, 0]


def test_they_are_on_the_first_page(admin_client: Client, edition: Edition) -> None:
    page = admin_client.get("/admin/").content.decode()
    assert "<title>2026-08-20, papers in editions: 3</title>" in page
    assert 'aria-label="Papers in editions: 3, in 14 days"' in page
