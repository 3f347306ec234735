"""The readers' pages in a real browser."""

import datetime as dt
import os
import re
from collections.abc import Iterator

import pytest
from django.core import mail
from django.urls import reverse
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from digest.models import Edition
from subscriptions import guards, links, notices
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


@pytest.fixture
def no_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser in a test fills in a form faster than people do."""
    monkeypatch.setattr(guards, "LEAST", dt.timedelta(0))


def door(purpose: Purpose, reader: Subscriber) -> str:
    return reverse(f"subscriptions:{purpose}", args=[links.make_token(purpose, reader)])


def press(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()


@pytest.mark.usefixtures("edition", "no_haste")
def test_it_leads_from_the_page_to_a_subscription_and_out_again(page: Page, learning: Topic) -> None:
    page.goto("/")
    page.get_by_label("E-mail address").fill("ada@example.org")
    press(page, "Subscribe")
    assert page.inner_text("h1") == "Check your mail"
    notices.send_owed(now=NOW)
    reader = Subscriber.objects.get(email="ada@example.org")

    page.goto(door(Purpose.CONFIRM, reader))
    press(page, "Yes, send me papers")
    reader.refresh_from_db()
    assert reader.status == Subscriber.Status.ACTIVE

    page.get_by_role("link", name="Change what you get").click()
    page.get_by_label("Learning").check()
    press(page, "Save")
    assert [f.topic for f in reader.filters.all()] == [learning]
    press(page, "2 weeks")
    assert "Paused: no digests come until" in page.inner_text("main")
    press(page, "Start again now")

    page.get_by_role("link", name="Unsubscribe").click()
    press(page, "Unsubscribe")
    reader.refresh_from_db()
    assert reader.status == Subscriber.Status.UNSUBSCRIBED
    press(page, "One mail a week, the best of it")
    reader.refresh_from_db()
    assert (reader.status, reader.frequency) == ("active", "weekly")


@pytest.mark.usefixtures("edition", "no_haste")
def test_it_shows_what_one_would_get(page: Page, learning: Topic, vision: Topic) -> None:
    page.goto("/subscribe/")
    show = page.get_by_role("button", name="Show me")
    page.get_by_label("Learning").check()
    if show.is_visible():  # without script
        show.click()
    page.get_by_text("2 of their 3 papers").wait_for()
    page.get_by_label("Your own words").fill("-survey")
    if show.is_visible():
        show.click()
    page.get_by_text("1 of their 3 papers").wait_for()
    assert page.get_by_label("Learning").is_checked()
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_label("E-mail address").press("Enter")
    assert page.inner_text("h1") == "Check your mail"
    notices.send_owed(now=NOW)
    reader = Subscriber.objects.get(email="ada@example.org")
    assert sorted(str(each) for each in reader.filters.all()) == ["-survey", "Learning"]


@pytest.mark.usefixtures("edition")
def test_it_finds_topics_by_a_word(page: Page, learning: Topic, vision: Topic) -> None:
    page.goto("/subscribe/")
    page.get_by_label("Learning").check()
    page.get_by_label("Find a topic").fill("image")
    find = page.get_by_role("button", name="Find", exact=True)
    if find.is_visible():
        find.click()
    page.get_by_text("1 topic", exact=True).wait_for()
    page.get_by_label("Vision").check()
    page.get_by_label("Find a topic").fill("")
    if find.is_visible():
        find.click()
    assert page.get_by_label("Vision").is_checked()
    assert page.get_by_label("Learning").is_checked()


@pytest.mark.usefixtures("edition")
def test_it_asks_who_is_in_haste_for_one_more_press(page: Page) -> None:
    page.goto("/")
    page.get_by_label("E-mail address").fill("ada@example.org")
    press(page, "Subscribe")
    assert "One more press, please." in page.inner_text("main")
    assert page.get_by_label("E-mail address").input_value() == "ada@example.org"


@pytest.mark.usefixtures("edition", "no_haste")
def test_it_works_by_keyboard_alone(page: Page, learning: Topic) -> None:
    page.goto("/subscribe/")
    page.get_by_label("E-mail address").focus()
    page.keyboard.type("ada@example.org")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "learning":
            break
    page.keyboard.press("Space")
    assert page.get_by_label("Learning").is_checked()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "go":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/check-your-mail/")


@pytest.mark.usefixtures("no_haste")
def test_it_mails_a_lost_link_and_moves_to_another_address(page: Page, alice: Subscriber) -> None:
    page.goto("/preferences/")
    page.get_by_label("E-mail address").fill(alice.email)
    press(page, "Mail me my link")
    notices.send_owed(now=NOW)
    found = re.search(r"/preferences/\S+", str(mail.outbox[-1].body))
    assert found
    page.goto(found[0])
    page.locator("#move").get_by_label("Your address now").fill(alice.email)
    page.get_by_label("Your new address").fill("ada@example.com")
    press(page, "Mail me a link")
    assert "a•••@example.com" in page.inner_text("main")
    notices.send_owed(now=NOW)
    found = re.search(r"/change-address/\S+", str(mail.outbox[-1].body))
    assert found
    page.goto(found[0])
    press(page, "Yes, use this address")
    alice.refresh_from_db()
    assert alice.email == "ada@example.com"


@pytest.mark.usefixtures("edition")
def test_it_breaks_no_rule_of_its_own_policy(browser: Browser, live_server: LiveServer, alice: Subscriber) -> None:
    """A script or style that the Content-Security-Policy forbids is told on the console."""
    page = browser.new_page(base_url=live_server.url)
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    for path in ("/subscribe/", door(Purpose.PREFERENCES, alice)):
        page.goto(path)
        page.locator(".preview-sum").wait_for()
    assert told == []
    page.close()


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
