"""Every page of the site in a real browser: accessible, fits a phone, and loads nothing from other hosts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, BrowserContext, ViewportSize
from playwright.sync_api import Page as Shown
from pytest_django.live_server_helper import LiveServer

from tests import site
from tests.browser import missing_axe, violations
from tests.site import PAGES, Page

pytestmark = pytest.mark.browser
WIDTH, HEIGHT = 1280, 900
# Emails are shown as sent, and axe's rules for pages do not apply to them.
NOT_FOR_MAILS = {"view in browser": ("landmark-one-main", "region", "page-has-heading-one")}


@dataclass
class Visit:
    """A page that is open in the browser, with its console messages, requests and statuses."""

    name: str
    page: Page
    shown: Shown
    server: str
    console: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def begin(self) -> None:
        self.shown.on("console", lambda message: self.console.append(message.text))
        self.shown.on("pageerror", lambda error: self.console.append(str(error)))
        self.shown.on("request", lambda request: self.asked.append(request.url))
        self.shown.on("response", self._note_status)
        self.page.bring_up(self.shown)
        self.shown.wait_for_load_state("networkidle")
        self.shown.locator(".is-stale").wait_for(state="detached")  # a preview is asked for after a pause

    def _note_status(self, response: Any) -> None:
        if response.request.is_navigation_request():
            self.statuses.append(response.status)


@pytest.fixture(scope="module")
def server(django_db_setup: None, browser: Browser, django_db_blocker: Any) -> Iterator[LiveServer]:
    """One site for all pages, because no test changes it."""
    with django_db_blocker.unblock():
        # pytest-django fills the tables only for tests marked with django_db, and empties them after each.
        call_command("migrate", verbosity=0)
        with site.seeded():
            running = LiveServer("127.0.0.1")
            yield running
            running.thread.terminate()  # the connection stays shared, because a last request may still close it
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture(scope="module", params=["en-GB", "de-DE"])
def context(browser: Browser, server: LiveServer, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    size = ViewportSize(width=WIDTH, height=HEIGHT)
    opened = browser.new_context(base_url=server.url, viewport=size, locale=request.param)
    opened.set_default_timeout(60_000)
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=PAGES)
def visit(context: BrowserContext, server: LiveServer, request: pytest.FixtureRequest) -> Iterator[Visit]:
    page = PAGES[request.param]
    shown = context.new_page()
    with page.given():
        visit = Visit(request.param, page, shown, server.url)
        visit.begin()
        yield visit
    shown.close()
    context.clear_cookies()


def test_it_is_the_expected_page(visit: Visit) -> None:
    assert visit.statuses[-1] == visit.page.status
    assert visit.shown.title()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit: Visit, scheme: Literal["light", "dark"]) -> None:
    if why := missing_axe():
        pytest.skip(why)
    visit.shown.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    assert violations(visit.shown, without=NOT_FOR_MAILS.get(visit.name, ())) == []


@pytest.mark.parametrize("width", [320, WIDTH // 2], ids=["on a telephone", "at 200 %"])
def test_nothing_scrolls_sideways(visit: Visit, width: int) -> None:
    visit.shown.set_viewport_size({"width": width, "height": HEIGHT // 2})
    try:
        assert visit.shown.evaluate("document.documentElement.scrollWidth") <= width
    finally:
        visit.shown.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def test_the_console_stays_silent(visit: Visit) -> None:
    """The browser reports there which scripts and styles the Content-Security-Policy blocks."""
    expected = f"the server responded with a status of {visit.page.status}"  # the browser logs this, too
    assert [line for line in visit.console if visit.page.status < 400 or expected not in line] == []


def test_no_other_host_is_asked_for_anything(visit: Visit) -> None:
    assert visit.asked
    assert [url for url in visit.asked if not url.startswith((visit.server, "data:", "about:"))] == []


def test_no_cookie_is_set(visit: Visit) -> None:
    names = {cookie["name"] for cookie in visit.shown.context.cookies()}
    assert names == ({"reader", "csrftoken"} if visit.page.signed_in else set())
