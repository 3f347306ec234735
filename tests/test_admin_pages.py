"""The admin in a real browser: problems are visible without scrolling, on a desktop and on a tablet."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from playwright.sync_api import Browser, BrowserContext, ViewportSize

from digest.delivery import planner
from digest.models import Delivery, Edition, FetchRun, Job, Opinion, Paper, Source
from digest.ops.jobs import rows as row_jobs
from digest.ops.jobs.reader_jobs import SUPPRESS
from subscriptions.models import Consent, Subscriber, Topic
from tests.browser import missing_axe, violations
from tests.conftest import NOW, TODAY, make_reader

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "not JSON: it begins “<!doctype html><title>Sign in</title><p>Please sign in to continue.” " * 3
LISTS = (
    "digest/fetchrun",
    "digest/paper",
    "digest/delivery",
    "digest/dailytotal",
    "digest/edition",
    "digest/heartbeat",
    "digest/incident",
    "digest/source",
    "digest/opinion",
    "digest/job",
    "admin/logentry",
    "digest/pause",
    "digest/apitoken",
    "digest/webhookendpoint",
    "digest/webhookmessage",
    "auth/user",
    "django_celery_beat/periodictask",
    "subscriptions/catalogue",
    "subscriptions/consent",
    "subscriptions/farewell",
    "subscriptions/readerimport",
    "subscriptions/subscriber",
    "subscriptions/suppression",
    "subscriptions/topic",
)
PHONE = ViewportSize(width=320, height=700)
WIDE = """
[document.documentElement, ...document.querySelectorAll('.results')]
  .filter(box => box.scrollWidth > box.clientWidth).map(box => box.className)
"""


@pytest.fixture
def rows(edition: Edition, hugging_face: Source, learning: Any, admin_user: Any) -> None:
    reader = make_reader("a-long-name@a-long-department.university.example.org", topics=[learning], words="diffusion")
    planner.plan_everyone(edition, now=NOW)
    Delivery.objects.update(status="failed", reason=LONG, attempts=3)
    assert reader.deliveries.exists()
    came_by = [learning.slug, ":words", ":votes"]
    Opinion.objects.create(
        subscriber=reader, paper=edition.papers.all()[0], verdict="like", came_by=came_by, said_at=NOW
    )
    page = "/subscribe/edit/?from=a-long-campaign-of-a-long-department"
    Consent.objects.create(
        reader_uid=reader.uid,
        address_hash="0" * 64,
        event="confirmed",
        where=page,
        text_version="0" * 16,
        ip="2001:db8:1234:5678:9abc:def0:1234:5678",
    )
    row_jobs.start(SUPPRESS, [reader.pk], by="admin")
    for hour in range(3):
        started = NOW + dt.timedelta(hours=hour)
        FetchRun.objects.create(source=hugging_face, day=TODAY, started_at=started, status="failed", message=LONG)


@pytest.fixture(params=[(1200, "light"), (800, "dark")], ids=["on a desk", "on a tablet, dark"])
def context(browser: Browser, live_server: Any, admin_client: Client, request: pytest.FixtureRequest) -> Any:
    width, scheme = request.param
    size = ViewportSize(width=width, height=900)
    opened = browser.new_context(base_url=live_server.url, viewport=size, color_scheme=scheme)
    opened.add_cookies(
        [{"name": "sessionid", "value": admin_client.cookies["sessionid"].value, "url": live_server.url}]
    )
    yield opened
    opened.close()


@pytest.mark.usefixtures("rows")
def test_nothing_is_cut_off(context: BrowserContext) -> None:
    page = context.new_page()
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text))
    reader = Delivery.objects.get().subscriber_id
    for path in ("", *(f"{name}/" for name in LISTS), f"subscriptions/subscriber/{reader}/change/"):
        page.goto(f"/admin/{path}")
        assert page.evaluate(WIDE) == [], path
        size = page.viewport_size
        page.set_viewport_size(PHONE)
        assert page.evaluate(WIDE) == [], f"{path} on a phone"
        page.set_viewport_size(size or PHONE)
    assert console == []  # no style or script was blocked by the Content-Security-Policy


@pytest.mark.usefixtures("rows")
def test_a_reader_follows_a_topic_or_own_words_in_each_row(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"/admin/subscriptions/subscriber/{Delivery.objects.get().subscriber_id}/change/")
    by_topic, by_words = (page.locator(f"#filters-{number}") for number in (0, 1))
    assert [row.locator("select").is_visible() for row in (by_topic, by_words)] == [True, False]
    assert [row.locator("textarea").is_visible() for row in (by_topic, by_words)] == [False, True]
    by_words.locator("textarea").fill("")
    assert by_words.locator("select").is_visible(), "an empty row may become either"
    page.locator(".add-row a").click()
    added = page.locator("#filters-2")
    assert added.locator("select").is_visible()
    assert added.locator("textarea").is_visible()


@pytest.mark.usefixtures("rows")
def test_the_reason_of_a_failure_is_visible(context: BrowserContext) -> None:
    page = context.new_page()
    for path in ("", "digest/fetchrun/", "digest/delivery/", "digest/source/"):
        page.goto(f"/admin/{path}")
        box = page.get_by_text("not JSON: it begins").first.bounding_box()
        assert box
        assert box["x"] + box["width"] <= page.viewport_size["width"]  # type: ignore[index]  # it was set above
        assert box["y"] < 900


@pytest.mark.usefixtures("rows")
def test_a_button_leads_to_its_result(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/admin/subscriptions/brand/add/")
    page.get_by_role("button", name="Send test email").last.click()
    notice = page.locator("#sample").get_by_text("Nothing was saved.").first
    notice.wait_for()
    page.wait_for_load_state("networkidle")
    box = notice.bounding_box()
    assert box
    assert 0 <= box["y"] < 900
    page.frame_locator("iframe").first.get_by_text("Unsubscribe").first.wait_for()


@pytest.mark.usefixtures("rows")
def test_axe_finds_nothing_on_the_first_page_in_lists_and_in_forms(context: BrowserContext) -> None:
    if why := missing_axe():
        pytest.skip(why)
    page = context.new_page()
    reader, edition, paper = Subscriber.objects.get(), Edition.objects.get(), Paper.objects.all()[0]
    task = PeriodicTask.objects.create(
        name="publish", task="digest.tasks.publish", crontab=CrontabSchedule.objects.create(minute="*/5")
    )
    pages = (
        f"subscriptions/subscriber/{reader.pk}/change/",
        f"digest/edition/{edition.pk}/change/",
        f"digest/paper/{paper.pk}/change/",
        f"subscriptions/subscriber/{reader.pk}/today/",
        "subscriptions/topic/add/",
        "subscriptions/brand/add/",
        "digest/pause/add/",
        f"digest/delivery/{Delivery.objects.get().pk}/resend/",
        f"digest/job/{Job.objects.get().pk}/change/",
        f"subscriptions/subscriber/{reader.pk}/timeline/",
        f"subscriptions/subscriber/{reader.pk}/delete/",
        f"subscriptions/topic/{Topic.objects.all()[0].pk}/change/",
        "subscriptions/topic/make/",
        "subscriptions/suppression/import/",
        "subscriptions/readerimport/add/",
        "digest/apitoken/add/",
        "digest/dailytotal/",
        "digest/installation/settle/",
        "digest/opinion/popular/",
        f"django_celery_beat/periodictask/{task.pk}/change/",
        "account/",
        "doctor/",
    )
    for path in ("", "digest/fetchrun/", "digest/paper/", "digest/source/", "digest/job/", "admin/logentry/", *pages):
        page.goto(f"/admin/{path}")
        assert violations(page) == [], path
