"""The charts of the last two weeks, three months or year."""

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils.formats import date_format

from digest.delivery import planner
from digest.models import DailyTotal, Delivery, DeliveryEvent, Edition, Opinion, Paper
from digest.ops import daily_totals, trend_charts
from digest.ops.trend_charts import Chart, Series, Span
from subscriptions.models import Consent, Subscriber
from subscriptions.readers import lifecycle
from tests.conftest import NOW, TODAY

pytestmark = [pytest.mark.usefixtures("now"), pytest.mark.both_databases]
DAY = dt.timedelta(days=1)
YESTERDAY = TODAY - DAY
EVERY = {"delivery", "deliveryevent", "edition", "opinion", "subscriber"}


@pytest.fixture
def every_chart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw charts of few numbers, too."""
    monkeypatch.setattr(trend_charts, "MIN_STEPS", 0)


def drawn(span: str = "14d", **values: Any) -> dict[str, dict[str, dict[dt.date, int]]]:
    """Return the numbers other than 0 by chart, series and the first day of each step."""
    return {
        chart.title: {
            one.name: {at.begins: number for at, number in zip(chart.spans, one.numbers, strict=True) if number}
            for one in chart.series
        }
        for chart in trend_charts.charts(now=NOW, span=span, **values)
    }


def test_they_count_papers_digests_and_readers_by_day(edition: Edition, alice: Subscriber) -> None:
    Paper.objects.filter(title="Faster Diffusion").update(is_hidden=True)
    planner.plan_everyone(edition, now=NOW)
    Delivery.objects.update(status="sent", sent_at=NOW)
    DailyTotal.objects.create(day=YESTERDAY, kind="delivery", what="sent", number=40, edition=edition)
    DailyTotal.objects.create(day=YESTERDAY, kind="delivery", what="failed", number=2, edition=edition)
    DailyTotal.objects.create(day=TODAY - 14 * DAY, kind="delivery", what="sent", number=7)
    Consent.objects.update(happened_at=NOW - DAY)
    lifecycle.unsubscribe(alice, now=NOW)
    found = drawn(readers=5)
    assert found["Papers in editions"] == {"Papers": {TODAY: 2}}
    assert found["Digests"] == {"Sent": {YESTERDAY: 40, TODAY: 1}}
    assert found["Problems"] == {"Failed": {YESTERDAY: 2}, "Bounced": {}, "Complaints": {}}
    assert found["Joined and left"] == {"Joined": {YESTERDAY: 1}, "Left": {TODAY: 1}}
    subscribed = found["Readers"]["Subscribed"]
    assert [subscribed[day] for day in (YESTERDAY - DAY, YESTERDAY, TODAY)] == [5, 6, 5]


def test_deliverability_shows_what_became_of_each_day_s_digests(admin_client: Client, edition: Edition) -> None:
    for kind, what, number in (
        ("delivery", "sent", 1240),
        ("delivery", "skipped", 7),
        ("event", "delivered", 1199),
        ("event", "bounced hard", 2),
        ("event", "bounced soft", 3),
        ("event", "complained complaint", 1),
    ):
        DailyTotal.objects.create(day=YESTERDAY, kind=kind, what=what, number=number, edition=edition)
    page = admin_client.get("/admin/digest/dailytotal/").content.decode()
    row = re.search(rf'<th scope="row">{date_format(YESTERDAY)}</th>(.*?)</tr>', page, re.DOTALL)
    assert row
    assert re.sub(r"<[^>]+>", " ", row[1]).split() == ["1,240", "7", "–", "1,199", "5", "1"]
    assert f'<th scope="row">{date_format(TODAY)}</th>' not in page  # a day without emails
    assert 'href="/admin/digest/dailytotal/">Deliverability by day' not in page
    assert "<strong>Sent</strong>" not in page  # one day makes no chart


def test_deliverability_draws_the_emails_of_several_days(admin_client: Client) -> None:
    for ago in range(5):
        DailyTotal.objects.create(day=TODAY - ago * DAY, kind="delivery", what="sent", number=9)
    page = admin_client.get("/admin/digest/dailytotal/").content.decode()
    assert "<strong>Sent</strong>" in page
    assert "<strong>Problems</strong>" not in page


def test_deliverability_says_that_nothing_was_sent(admin_client: Client) -> None:
    assert (
        "Nothing was sent, and nothing was reported." in admin_client.get("/admin/digest/dailytotal/").content.decode()
    )


def test_they_count_bounces_complaints_and_likes(edition: Edition, alice: Subscriber) -> None:
    DailyTotal.objects.create(day=YESTERDAY, kind="event", what="bounced hard", number=3)
    DailyTotal.objects.create(day=YESTERDAY, kind="event", what="bounced soft", number=2)
    DailyTotal.objects.create(day=YESTERDAY, kind="event", what="delivered", number=90)
    DeliveryEvent.objects.create(event_key="1", event_type="complained", meaning="complaint", happened_at=NOW)
    for verdict, paper in zip(("like", "not-for-me"), edition.papers.all(), strict=False):
        Opinion.objects.create(subscriber=alice, paper=paper, verdict=verdict, said_at=NOW)
    found = drawn()
    assert found["Problems"] == {"Failed": {}, "Bounced": {YESTERDAY: 5}, "Complaints": {TODAY: 1}}
    assert found["Likes, by edition"] == {"Likes": {TODAY: 1}}


def test_a_day_is_not_counted_twice_once_it_has_its_total(edition: Edition, alice: Subscriber) -> None:
    planner.plan_everyone(edition, now=NOW)
    Delivery.objects.update(status="sent", sent_at=NOW, queued_at=NOW - DAY)
    before = drawn()["Digests"]
    daily_totals.count_days(now=NOW)
    assert before == drawn()["Digests"] == {"Sent": {YESTERDAY: 1}}


def test_longer_ranges_have_weeks_and_months_and_count_days_without_rows(db: None) -> None:
    for ago, number in ((1, 1), (20, 2), (80, 4), (200, 8)):
        DailyTotal.objects.create(day=TODAY - ago * DAY, kind="delivery", what="sent", number=number)
    weeks, months = drawn("3m")["Digests"]["Sent"], drawn("1y")["Digests"]["Sent"]
    assert list(weeks.values()) == [4, 2, 1]
    assert {day.weekday() for day in weeks} == {0}
    assert months == {dt.date(2026, 2, 1): 8, dt.date(2026, 6, 1): 4, dt.date(2026, 7, 1): 2, dt.date(2026, 8, 1): 1}
    spans = trend_charts.charts(now=NOW, span="1y")[0].spans
    assert [str(spans[0].begins), str(spans[-1].ends)] == ["2025-09-01", "2026-09-01"]


def test_they_take_two_queries(edition: Edition, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        trend_charts.charts(now=NOW, span="1y")


def test_bars_are_as_high_as_their_numbers_and_none_is_lost() -> None:
    spans = tuple(Span(TODAY + at * DAY, TODAY + (at + 1) * DAY) for at in range(3))
    bars = list(Chart("Digests", spans, (Series("Sent", (1000, 500, 1), 1501),)).bars)
    assert [(bar.height, bar.y) for bar in bars] == [(120, 0), (60, 60), (1, 119)]
    assert [bar.height for bar in Chart("Digests", spans, (Series("Sent", (0, 0, 0), 0),)).bars] == [0, 0, 0]


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (1, 2), (3, 4), (5, 6), (7, 10), (10, 10), (11, 20), (70, 100), (1217, 2000)]
)
def test_the_axis_ends_at_a_round_even_number(most: int, top: int) -> None:
    assert Chart("Digests", (Span(TODAY, TODAY + DAY),), (Series("Sent", (most,), most),)).top == top


@pytest.mark.parametrize(("days", "is_drawn"), [(4, False), (5, True)])
def test_a_chart_is_drawn_once_five_steps_have_a_number(days: int, is_drawn: bool) -> None:
    spans = tuple(Span(TODAY + n * DAY, TODAY + (n + 1) * DAY) for n in range(6))
    numbers = tuple(int(n < days) for n in range(6))
    assert Chart("Joined and left", spans, (Series("Joined", numbers, days),)).has_enough is is_drawn


def test_the_first_page_names_the_charts_that_are_not_drawn_yet(admin_client: Client, edition: Edition) -> None:
    page = admin_client.get("/admin/").content.decode()
    assert "<figure" not in page
    assert "Charts appear after five days with data: Readers; Joined and left" in page


@pytest.mark.usefixtures("every_chart")
def test_each_number_leads_to_its_rows(admin_client: Client, edition: Edition, alice: Subscriber) -> None:
    planner.plan_everyone(edition, now=NOW)
    Delivery.objects.update(status="sent", sent_at=NOW)
    Subscriber.objects.update(confirmed_at=NOW)
    Opinion.objects.create(subscriber=alice, paper=edition.papers.all()[0], verdict="like", said_at=NOW)
    DeliveryEvent.objects.create(event_key="1", event_type="bounced", meaning="hard", happened_at=NOW)
    page = admin_client.get("/admin/").content.decode()
    table = page[page.index('<div class="charts">') :]
    links = {link.replace("&amp;", "&") for link in re.findall(r'<td><a href="([^"]+)">1</a>', table)}
    assert any(
        link.startswith("/admin/digest/delivery/?status__exact=sent&queued_at__gte=2026-08-20") for link in links
    )
    models = {link.split("/")[3] for link in links}
    assert models == {"delivery", "deliveryevent", "opinion", "subscriber"}
    for link in links:
        answer = admin_client.get(link)
        assert (answer.status_code, len(answer.context["cl"].result_list)) == (200, 1), link


@pytest.mark.usefixtures("every_chart")
def test_numbers_of_deleted_rows_lead_to_the_daily_totals(admin_client: Client) -> None:
    DailyTotal.objects.create(day=TODAY - 200 * DAY, kind="delivery", what="sent", number=8)
    page = admin_client.get("/admin/?range=1y").content.decode()
    assert '<a href="/admin/digest/dailytotal/?day__gte=2026-02-01&amp;day__lt=2026-03-01">8</a>' in page


@pytest.mark.usefixtures("every_chart")
def test_staff_get_no_links_to_lists_that_they_may_not_view(client: Client, edition: Edition) -> None:
    editor = User.objects.create_user("editor", is_staff=True)
    editor.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    DeliveryEvent.objects.create(event_key="1", event_type="bounced", meaning="hard", happened_at=NOW)
    client.force_login(editor)
    page = client.get("/admin/").content.decode()
    assert "Bounced <b>1</b>" in page
    assert "/admin/digest/deliveryevent/" not in page


def test_a_range_that_is_unknown_shows_two_weeks(admin_client: Client) -> None:
    page = admin_client.get("/admin/?range=ever").content.decode()
    assert "The last 14 days" in page
    assert '<a href="?range=14d#trends-title" aria-current="true">14 days</a>' in page


@pytest.mark.usefixtures("every_chart")
def test_they_are_on_the_first_page_with_a_table_for_screen_readers(admin_client: Client, edition: Edition) -> None:
    page = admin_client.get("/admin/").content.decode()
    assert "<title>20 Aug 2026, papers: 3</title>" in page
    assert '<th scope="row">20 Aug 2026</th><td><a href="/admin/digest/edition/?day__gte=2026-08-20' in page
