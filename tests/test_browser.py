"""The readers' pages in a real browser."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from digest.models import Edition
from subscriptions import links, notices
from subscriptions.links import Purpose
from subscriptions.models import Subscriber, Topic
from tests.browser import CHROMIUM, chromium
from tests.conftest import NOW

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright runs an event loop in this thread, in which Django would refuse to touch the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with chromium() as started:
        yield started


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def page(browser: Browser, live_server: LiveServer, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=request.param)
    yield context.new_page()
    context.close()


@pytest.mark.usefixtures("edition")
def test_it_leads_from_the_page_to_a_subscription_and_out_again(page: Page, learning: Topic) -> None:
    page.goto("/")
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_role("button", name="Subscribe").click()
    assert "mail" in page.inner_text("h1").lower()
    notices.send_owed(now=NOW)
    reader = Subscriber.objects.get(email="ada@example.org")

    page.goto(f"/confirm/{links.make_token(Purpose.CONFIRM, reader)}/")
    page.get_by_role("main").get_by_role("button").click()
    reader.refresh_from_db()
    assert reader.status == Subscriber.Status.ACTIVE

    page.goto(f"/preferences/{links.make_token(Purpose.PREFERENCES, reader)}/")
    page.get_by_label("Learning").check()
    page.get_by_role("button", name="Save").click()
    assert [f.topic for f in reader.filters.all()] == [learning]

    page.goto(f"/unsubscribe/{links.make_token(Purpose.UNSUBSCRIBE, reader)}/")
    page.get_by_role("main").get_by_role("button").click()
    reader.refresh_from_db()
    assert reader.status == Subscriber.Status.UNSUBSCRIBED


@pytest.mark.parametrize("path", ["/", "/2026-08-20/", "/papers/arxiv:2608.00001/", "/subscribe/", "/nowhere/"])
@pytest.mark.usefixtures("learning", "vision", "edition")
def test_it_never_scrolls_sideways_on_a_narrow_screen(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(path)
    box = page.locator("html").bounding_box()
    assert box is not None
    assert box["width"] <= 320
    assert page.locator("body").bounding_box()["width"] <= 320  # type: ignore[index]


def test_it_asks_no_other_host_for_anything(browser: Browser, live_server: LiveServer, edition: Edition) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{live_server.url}/")
    assert asked
    assert all(url.startswith(live_server.url) for url in asked)
