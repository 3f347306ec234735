"""The actions of readers in a real browser. For checks of every page, see test_pages."""

import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core import mail
from playwright.sync_api import Browser, Dialog, Locator, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from digest.models import Edition
from subscriptions.models import Subscriber, Topic
from subscriptions.notices import queue
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose
from tests.browser import missing_axe, violations
from tests.conftest import NOW
from tests.email.mails import digest_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def page(browser: Browser, live_server: LiveServer, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("main").get_by_role("button", name=name, exact=True)


def topic(page: Page, name: str) -> Locator:
    """Return the first box of the topic on the form: it may be among the popular ones and in its area."""
    return page.locator("#topics").get_by_role("checkbox", name=name).first


def press(page: Page, name: str) -> None:
    button(page, name).click()


def path_of(link: str) -> str:
    """Return the path of a link in an email to the site itself."""
    return link.removeprefix(settings.SITE_URL)


def link_in_last_mail(purpose: str) -> str:
    """Return the path of the link for `purpose` in the last notice sent."""
    queue.send_pending(now=NOW)
    found = re.search(rf"/{purpose}/\S+", str(mail.outbox[-1].body))
    assert found
    return found[0]


class Hand:
    """A reader who uses the mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, what: Locator) -> None:
        what.click()

    def tick(self, what: Locator) -> None:
        what.check()

    def write(self, where: Locator, text: str) -> None:
        where.fill(text)


class Keyboard(Hand):
    """A reader who uses only Tab, Space and Enter. The element with the focus must be visible and not covered."""

    # Return whether the center of the element with the focus is visible and not covered.
    IS_SEEN = """() => {
        const it = document.activeElement, box = it.getBoundingClientRect();
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return !!top && (it.contains(top) || top.contains(it) || it.labels?.[0]?.contains(top));
    }"""

    def press(self, what: Locator) -> None:
        self._reach(what)
        self.page.keyboard.press("Enter")

    def tick(self, what: Locator) -> None:
        self._reach(what)
        self.page.keyboard.press("Space")
        assert what.is_checked()

    def write(self, where: Locator, text: str) -> None:
        self._reach(where)
        self.page.keyboard.type(text)

    def _reach(self, what: Locator) -> None:
        what.wait_for(state="attached")
        for _ in range(150):
            if what.evaluate("it => it === document.activeElement"):
                assert self.page.evaluate(self.IS_SEEN), f"{what} has the focus, and can't be seen"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{what} can't be reached by the Tab key")


HANDS = {"mouse": (Hand, True), "mouse, without script": (Hand, False), "keyboard": (Keyboard, True)}


@pytest.fixture(params=HANDS)
def hand(browser: Browser, live_server: LiveServer, request: pytest.FixtureRequest) -> Iterator[Hand]:
    make, with_script = HANDS[request.param]
    context = browser.new_context(base_url=live_server.url, java_script_enabled=with_script)
    context.set_default_timeout(60_000)
    yield make(context.new_page())
    context.close()


@pytest.mark.usefixtures("learning", "vision")
def test_it_leads_from_the_page_to_a_subscription_and_out_again(hand: Hand, edition: Edition) -> None:
    page = hand.page
    page.goto("/subscribe/")
    hand.write(page.get_by_label("Email address"), "ada@example.org")
    hand.tick(topic(page, "Learning"))
    without_script = (show := page.get_by_role("button", name="Show me")).is_visible()
    if without_script:
        hand.press(show)
    page.get_by_text("2 of the last 3 papers").wait_for()
    hand.press(button(page, "Subscribe"))
    page.get_by_role("heading", name="Check your email").wait_for()

    page.goto(link_in_last_mail("confirm"))
    hand.press(button(page, "Only confirm"))
    hand.press(page.get_by_role("link", name="Settings").first)
    hand.tick(topic(page, "Vision"))
    if show.is_visible():
        hand.press(show)
    page.get_by_text("3 of the last 3 papers").wait_for()
    assert page.inner_text("h1") == "Settings"
    hand.press(button(page, "Save"))
    page.get_by_text("Your next digest uses these settings").wait_for()
    reader = Subscriber.objects.get(email="ada@example.org")
    assert sorted(str(follows) for follows in reader.filters.all()) == ["Learning", "Vision"]

    digest = digest_of(edition, reader)
    page.goto(path_of(next(link for link in digest.links if "opinion=like" in link)))
    title = page.inner_text("h1")
    hand.press(button(page, "Like this paper"))  # a browser that says that a program drives it gets no help
    page.get_by_text("Liked: more papers like this.").wait_for()
    hand.press(button(page, "Save"))
    page.get_by_text("Saved to your list.").wait_for()
    page.goto(path_of(next(link for link in digest.links if "/preferences/" in link)))
    hand.press(page.locator("#likes").get_by_role("link", name="Saved"))
    page.get_by_role("link", name=title, exact=True).wait_for()
    hand.press(page.get_by_role("link", name="What we’ve learned"))
    hand.press(page.get_by_role("link", name="Settings").first)
    hand.press(button(page, "2 weeks"))
    page.locator("#pause").get_by_text("Paused: no digests until").wait_for()

    page.goto(path_of(next(link for link in digest.links if "/unsubscribe/" in link)))
    hand.press(button(page, "Unsubscribe"))
    page.get_by_text("Done: you will get no more digests.").wait_for()
    reader.refresh_from_db()
    assert reader.status == Subscriber.Status.UNSUBSCRIBED
    hand.press(button(page, "Undo"))
    page.get_by_role("heading", name="Welcome back").wait_for()
    reader.refresh_from_db()
    assert reader.status in (Subscriber.Status.ACTIVE, Subscriber.Status.PAUSED)


@pytest.mark.usefixtures("edition")
def test_it_previews_the_digest(page: Page, learning: Topic, vision: Topic) -> None:
    page.goto("/subscribe/")
    show = page.get_by_role("button", name="Show me")
    topic(page, "Learning").check()
    if show.is_visible():  # without script
        show.click()
    page.get_by_text("2 of the last 3 papers").wait_for()
    page.get_by_label("Your own words").fill("-survey")
    if show.is_visible():
        show.click()
    page.get_by_text("1 of the last 3 papers").wait_for()
    page.get_by_text("How it arrives").click()
    page.get_by_label("Weekly: the best").check()
    if show.is_visible():
        show.click()
    page.get_by_text("1 of last week’s 3 papers").wait_for()
    assert topic(page, "Learning").is_checked()
    page.get_by_label("Email address").fill("ada@example.org")
    page.get_by_label("Email address").press("Enter")
    assert page.inner_text("h1") == "Check your email"
    queue.send_pending(now=NOW)
    reader = Subscriber.objects.get(email="ada@example.org")
    assert sorted(str(each) for each in reader.filters.all()) == ["-survey", "Learning"]


@pytest.mark.usefixtures("edition")
def test_the_preview_moves_no_part_of_the_form(browser: Browser, live_server: LiveServer) -> None:
    page = browser.new_page(base_url=live_server.url, viewport={"width": 1280, "height": 900})
    page.add_init_script(
        "window.shift = 0;"
        "new PerformanceObserver((list) => { for (const move of list.getEntries()) shift += move.value })"
        ".observe({ type: 'layout-shift', buffered: true })"
    )
    page.goto("/subscribe/")
    page.locator("#preview ol").wait_for()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("shift") < 0.02
    page.close()


@pytest.mark.usefixtures("edition")
def test_on_a_phone_the_first_screen_says_what_the_reader_would_get(browser: Browser, live_server: LiveServer) -> None:
    page = browser.new_page(base_url=live_server.url, viewport={"width": 390, "height": 844})
    page.goto("/subscribe/")
    said = page.locator(".submit .preview-short")
    first = page.locator("#preview .preview-papers a").first
    expect(said).to_contain_text("a day · See which · “")
    assert str(first.text_content()) in said.inner_text()
    expect(said).to_be_in_viewport()
    expect(first).to_be_hidden()
    said.get_by_role("link").click()
    expect(first).to_be_in_viewport()
    page.close()


@pytest.mark.usefixtures("edition", "learning")
def test_the_preview_says_when_it_shows_an_earlier_choice(browser: Browser, live_server: LiveServer) -> None:
    page = browser.new_page(base_url=live_server.url)
    page.goto("/subscribe/")
    page.get_by_text("3 of the last 3 papers").wait_for()
    held: list[Route] = []
    page.route("**/subscribe/preview/", lambda route: held.append(route))
    state = page.locator("#preview-state")
    expect(state).to_be_empty()
    topic(page, "Learning").check()
    expect(state).to_have_text("Updating …")
    expect(page.locator("#preview")).to_have_attribute("aria-busy", "true")
    if not missing_axe():
        assert violations(page) == [], "the dimmed text can still be read"
    with page.expect_response("**/subscribe/preview/"):
        while not held:
            page.wait_for_timeout(10)
        held.pop().continue_()
    page.get_by_text("2 of the last 3 papers").wait_for()
    expect(state).to_be_empty()
    topic(page, "Learning").uncheck()
    while not held:
        page.wait_for_timeout(10)
    held.pop().abort()
    expect(state).to_have_text("Can’t be updated now")
    page.close()


@pytest.mark.usefixtures("edition", "learning", "vision")
def test_it_lists_what_is_chosen_with_a_button_to_remove_it(browser: Browser, live_server: LiveServer) -> None:
    Topic.objects.create(slug="all", name="Methods", group="Methods", narrower=["learning", "vision"])
    page = browser.new_page(base_url=live_server.url)
    page.goto("/subscribe/")
    hint = page.get_by_text("If you choose nothing")
    assert hint.is_visible()
    topic(page, "Learning").check()
    assert hint.is_hidden()
    assert page.locator(".chosen-topics").is_hidden(), "a popular topic is marked where it is"
    page.locator(".area summary").first.click()
    page.locator(".area").get_by_label("Vision").check()
    page.locator(".area").get_by_label("Vision").uncheck()
    page.get_by_label("All of Methods").check()
    assert page.locator(".chosen-topic").all_inner_texts() == ["All of Methods"]
    assert page.locator(".area.whole .number").inner_text() == "1"
    assert page.locator('[value="learning"]:checked').count() == 2, "both boxes of a topic are alike"
    page.get_by_text("3 of the last 3 papers").wait_for()
    page.get_by_role("button", name="Remove All of Methods").click()
    page.get_by_text("2 of the last 3 papers").wait_for()
    page.get_by_role("button", name="Add All of Methods again").click()
    page.get_by_text("3 of the last 3 papers").wait_for()
    page.get_by_role("button", name="Remove All of Methods").click()
    page.get_by_text("2 of the last 3 papers").wait_for()
    topic(page, "Learning").uncheck()
    assert hint.is_visible()
    assert page.locator('[name="topics"]:checked').count() == 0
    page.close()


@pytest.mark.usefixtures("edition", "learning", "vision")
def test_it_finds_topics_while_the_reader_types(browser: Browser, live_server: LiveServer) -> None:
    Topic.objects.create(slug="eclipses", name="Eclipses", group="Sky", phrases=["vision"])
    page = browser.new_page(base_url=live_server.url)
    page.goto("/subscribe/")
    found = page.locator("#found .topic-line")
    page.get_by_label("Find a topic").fill("vision")
    found.nth(1).wait_for()
    assert [text.split()[0] for text in found.all_inner_texts()] == ["Vision", "Eclipses"]
    found.nth(0).get_by_role("checkbox").check()
    assert page.locator(".chips").get_by_role("checkbox", name="Vision").is_checked()
    page.get_by_label("Find a topic").fill("li")
    page.get_by_text("No topic matches.").wait_for()
    page.get_by_label("Find a topic").fill("")
    page.get_by_text("No topic matches.").wait_for(state="detached")
    assert found.count() == 0
    page.close()


@pytest.mark.usefixtures("edition")
def test_it_finds_topics_by_a_word(page: Page, learning: Topic, vision: Topic) -> None:
    page.goto("/subscribe/")
    topic(page, "Learning").check()
    page.get_by_label("Find a topic").fill("image")
    find = page.get_by_role("button", name="Find", exact=True)
    if find.is_visible():
        find.click()
    page.locator("#found .topic-line").wait_for()
    page.locator("#found").get_by_label("Vision").check()
    page.get_by_label("Find a topic").fill("")
    if find.is_visible():
        find.click()
    assert topic(page, "Vision").is_checked()
    assert topic(page, "Learning").is_checked()


@pytest.mark.usefixtures("edition")
def test_it_signs_up_from_the_first_page_by_one_field_and_two_presses(hand: Hand) -> None:
    """As fast as a password manager fills in the field."""
    page = hand.page
    page.goto("/")
    hand.write(page.get_by_label("Email address"), "ada@example.org")
    hand.press(button(page, "Subscribe"))
    page.get_by_role("heading", name="Check your email").wait_for()
    page.goto(link_in_last_mail("confirm"))
    hand.press(button(page, "Only confirm"))
    page.get_by_role("heading", name="You’re subscribed").wait_for()
    assert Subscriber.objects.get(email="ada@example.org").is_subscribed


def test_it_emails_a_lost_link_and_changes_the_address(page: Page, alice: Subscriber) -> None:
    page.goto("/preferences/")
    page.get_by_label("Email address").fill(alice.email)
    press(page, "Email me my link")
    page.goto(link_in_last_mail("preferences"))
    page.locator("#move summary").click()
    page.locator("#move").get_by_label("Your current address").fill(alice.email)
    page.get_by_label("Your new address").fill("ada@example.com")
    press(page, "Email me a link")
    assert "a•••@example.com" in page.inner_text("main")
    page.goto(link_in_last_mail("change-address"))
    press(page, "Yes, use this address")
    alice.refresh_from_db()
    assert alice.email == "ada@example.com"


def test_it_asks_before_changed_settings_are_left_behind(
    browser: Browser, live_server: LiveServer, alice: Subscriber
) -> None:
    page = browser.new_page(base_url=live_server.url)
    asked = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(path_of(link_tokens.make_url(Purpose.PREFERENCES, alice)))
    page.get_by_text("Edit as text").click()
    own_words = page.get_by_role("textbox", name="Your own words")
    own_words.fill("author:")
    press(page, "1 week")
    assert asked == ["beforeunload"]
    press(page, "Save")  # as it is, it can't be
    page.get_by_text("Please fix the following:").wait_for()
    press(page, "1 week")
    assert asked == ["beforeunload"] * 2
    own_words.fill("robots")
    press(page, "Save")
    page.get_by_text("Saved. Your next digest").wait_for()
    press(page, "1 week")
    page.get_by_text("Paused: no digests until").first.wait_for()
    assert asked == ["beforeunload"] * 2
    page.close()


@pytest.mark.parametrize(("named", "chosen"), [("Asia/Calcutta", "Asia/Kolkata"), ("Europe/Oslo", "Europe/Oslo")])
def test_it_fills_in_the_zone_of_the_browser(
    browser: Browser, live_server: LiveServer, named: str, chosen: str
) -> None:
    page = browser.new_page(base_url=live_server.url, timezone_id=named)
    page.goto("/subscribe/")
    assert page.get_by_label("Time zone").input_value() == chosen
    page.close()


def test_the_form_above_the_papers_sends_the_zone_of_the_browser(
    browser: Browser, live_server: LiveServer, edition: Edition
) -> None:
    page = browser.new_page(base_url=live_server.url, timezone_id="Europe/Oslo")
    page.goto("/")
    page.get_by_label("Email address").fill("ada@example.org")
    with page.expect_request(lambda request: request.method == "POST") as sent:
        button(page, "Subscribe").click()
    assert "time_zone=Europe%2FOslo" in (sent.value.post_data or "")
    page.close()


@pytest.mark.parametrize("page", [True], indirect=True, ids=["with script"])
def test_a_like_from_an_email_needs_a_gesture_of_a_person(page: Page, edition: Edition, alice: Subscriber) -> None:
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'webdriver', {get: () => false})")
    like = path_of(next(link for link in digest_of(edition, alice).links if "opinion=like" in link))
    page.goto(like)
    page.evaluate("document.dispatchEvent(new Event('pointermove')); scrollTo(0, 100)")
    page.wait_for_load_state("networkidle")
    button(page, "Like this paper").wait_for()
    page.mouse.move(200, 300)
    page.get_by_text("Liked: more papers like this.").wait_for()
