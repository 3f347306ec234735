"""The presses of a signed-in reader in a real browser, with and without script."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from digest.email import reader_urls
from digest.models import Delivery, Edition, Opinion, Paper
from digest.opinions import feedback, reading_list
from subscriptions.models import Device, Subscriber, Topic
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose
from tests.browser import missing_axe, violations
from tests.conftest import NOW, make_reader

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def context(
    browser: Browser, live_server: LiveServer, settings: Any, request: pytest.FixtureRequest
) -> Iterator[BrowserContext]:
    settings.SITE_URL = live_server.url  # http, so that the browser takes the cookie
    context = browser.new_context(base_url=live_server.url, java_script_enabled=request.param)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def ada(page: Page, learning: Topic) -> Subscriber:
    """A reader who has signed this browser in by an emailed link."""
    reader = make_reader("ada@example.org", topics=[learning])
    page.goto(f"/sign-in/{link_tokens.make_token(Purpose.SIGN_IN, reader)}/")
    page.get_by_role("button", name="Keep me signed in on this device").click()
    expect(page.get_by_role("heading", name="For you")).to_be_visible()
    return reader


def test_a_paper_is_saved_and_liked_by_one_press_each_with_undo(page: Page, ada: Subscriber, edition: Edition) -> None:
    page.goto("/")
    first = page.get_by_role("listitem").filter(has=page.get_by_role("group", name="This paper")).first
    first.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved to your list.")).to_be_visible()
    expect(first.get_by_role("button", name="Save")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Removed from your list.")).to_be_visible()
    expect(first.get_by_role("button", name="Save")).to_have_attribute("aria-pressed", "false")
    first.get_by_role("button", name="Like").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Liked: more papers like this.")).to_be_visible()
    assert Opinion.objects.get().verdict == "like"
    assert re.fullmatch(r"https?://[^/]+/", page.url)


def test_a_paper_that_is_not_for_the_reader_stays_in_its_place_and_is_folded_later(
    page: Page, ada: Subscriber, edition: Edition
) -> None:
    page.goto("/")
    best = edition.papers.order_by("-edition_votes")[0]
    first = page.locator(".card").filter(has=page.get_by_role("link", name=best.title))
    before = first.bounding_box()
    first.get_by_role("button", name="Not for me").click()
    expect(page.get_by_text("Got it: fewer papers like this.")).to_be_visible()
    if not page.locator(".folded").count():  # without script, the page has been loaded again
        place = first.bounding_box()
        expect(first.get_by_role("button", name="Not for me · Undo")).to_be_visible()
        assert place == before
        page.reload()
    page.get_by_text("One paper hidden").click()
    expect(first.locator(".card-summary, .links").first).to_be_hidden()
    expect(first.get_by_role("link")).to_have_count(1)
    height = first.bounding_box()
    assert height
    assert height["height"] < 60
    first.get_by_role("button", name="Not for me · Undo").click()
    expect(first.get_by_role("button", name="Save")).to_be_visible()
    assert not Opinion.objects.exists()


def test_the_header_takes_two_rows_on_a_phone(page: Page, ada: Subscriber, edition: Edition) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/")
    rows = "it => [...it.querySelectorAll('a')].map(link => Math.round(link.getBoundingClientRect().bottom / 20))"
    assert len(set(page.locator(".site-header").evaluate(rows))) == 2
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_dismissed_paper_fits_on_a_phone_in_german(page: Page, ada: Subscriber, edition: Edition) -> None:
    paper = edition.papers.get(title="Faster Diffusion")
    feedback.set_verdict(ada, paper, "not-for-me", now=NOW)
    reading_list.save(ada, paper, now=NOW)
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto("/de/search?q=diffusion")  # where it keeps its place
    expect(page.get_by_role("button", name="Nichts für mich · Rückgängig")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_a_dismissed_paper_makes_room_for_the_next_with_undo(page: Page, ada: Subscriber, edition: Edition) -> None:
    ada.filters.all().delete()
    Subscriber.objects.update(max_papers=2)
    first, _second, third = edition.papers.order_by("-edition_votes")
    page.goto("/for-you/")
    expect(page.get_by_role("link", name=third.title)).to_be_hidden()
    card = page.get_by_role("listitem").filter(has=page.get_by_role("link", name=first.title))
    card.get_by_role("button", name="Not for me").click()
    expect(page.get_by_text("Got it: fewer papers like this.")).to_be_visible()
    expect(page.get_by_role("link", name=third.title)).to_be_visible()
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Rating removed.")).to_be_visible()
    assert not Opinion.objects.exists()


def test_a_topic_is_followed_by_one_press_with_undo(
    page: Page, ada: Subscriber, vision: Topic, edition: Edition
) -> None:
    page.goto("/topics/vision/")
    page.get_by_role("main").get_by_role("button", name="Follow").first.click()
    expect(page.get_by_text("You now follow Vision, starting with your next digest.")).to_be_visible()
    assert ada.filters.filter(topic=vision).exists()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("You no longer follow Vision.")).to_be_visible()
    assert not ada.filters.filter(topic=vision).exists()


def test_a_like_from_an_email_takes_one_press_and_leads_back(
    page: Page, learning: Topic, edition: Edition, request: pytest.FixtureRequest
) -> None:
    reader = make_reader("ada@example.org", topics=[learning])
    paper = Paper.objects.get(key="arxiv:2608.00001")
    Delivery.objects.create(
        edition=edition, subscriber=reader, queued_at=NOW, not_before=NOW, status="sent", sent_at=NOW,
        papers={"for_you": [[paper.pk, 0]], "trending": []},
    )  # fmt: skip
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'webdriver', {get: () => false})")
    page.goto(f"/digests/{reader_urls.opinion_token(reader.uid.bytes, edition.pk)}/papers/{paper.pk}/?opinion=like")
    if "without script" in request.node.name:
        page.get_by_role("button", name="Like this paper").click()
    else:  # a person touches the page
        page.mouse.move(20, 20)
    expect(page.get_by_text("Liked: more papers like this.")).to_be_visible()
    assert Opinion.objects.get().verdict == "like"
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Liked: more papers like this.")).to_be_hidden()
    assert not Opinion.objects.exists()
    page.reload()
    expect(page.get_by_role("link", name="Back to your digest")).to_be_visible()
    assert not Opinion.objects.exists()
    assert not Device.objects.exists()


def test_a_saved_paper_gets_a_note_and_leaves_the_list_with_undo(
    page: Page, ada: Subscriber, edition: Edition, now: object
) -> None:
    paper = Paper.objects.get(key="arxiv:2608.00001")
    reading_list.save(ada, paper, now=edition.published_at)
    page.goto("/saved/")
    page.get_by_text("Tags and note").click()
    page.get_by_label("Tags, separated by commas").fill("thesis")
    page.get_by_label("Note").fill("Read first.")
    page.get_by_role("main").get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Read first.").first).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Read first.").first).to_be_visible()


@pytest.mark.parametrize("context", [True], indirect=True)  # axe is a script
def test_the_pages_of_a_signed_in_reader_are_accessible(page: Page, ada: Subscriber, edition: Edition) -> None:
    if reason := missing_axe():
        pytest.skip(reason)
    reading_list.save(ada, edition.papers.all()[0], now=edition.published_at)
    feedback.set_verdict(ada, edition.papers.all()[1], Opinion.Verdict.NOT_FOR_ME, now=NOW)
    page.set_viewport_size({"width": 320, "height": 640})
    for path in ("/", "/for-you/", "/saved/", "/sign-in/"):
        page.goto(path)
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
