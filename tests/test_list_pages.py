"""Lists of papers in a real browser: loading on scroll, keys, and choices remembered without a cookie."""

import datetime as dt
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from digest import papers
from digest.editions import publication
from digest.models import Edition, Source
from subscriptions.models import Topic
from tests.conftest import NOW, TODAY, make_record

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DAYS = 8


@pytest.fixture
def editions(hugging_face: Source) -> None:
    for back in reversed(range(DAYS)):
        day = TODAY - dt.timedelta(days=back)
        records = [
            make_record(f"2608.1{back}{n:03}", f"Paper {n} of day {back}", day=day, votes=9 - n, summary="In short.")
            for n in range(9)
        ]
        papers.ingest(hugging_face, records, day)
        publication.publish(day, now=NOW, mail=False)


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, editions: None) -> Iterator[Page]:
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    yield context.new_page()
    assert context.cookies() == []
    context.close()


def test_it_loads_five_older_days_on_scroll_and_leaves_a_link_to_the_next(page: Page) -> None:
    # A wheel's turn is lost if it comes before the browser has laid out the papers just added.
    to_the_end = "scrollTo({top: document.body.scrollHeight, behavior: 'instant'})"
    page.goto("/")
    for back in range(1, 6):
        page.evaluate(to_the_end)
        page.get_by_role("link", name=f"Paper 8 of day {back}").wait_for()
    page.evaluate(to_the_end)
    link = page.get_by_role("link", name="Older papers:")
    link.click()
    page.get_by_role("link", name="Paper 0 of day 6").wait_for()
    assert page.url.endswith(f"/{Edition.objects.order_by('day')[1].day}/")


def test_keys_move_between_papers_and_can_be_turned_off(page: Page) -> None:
    page.goto("/")
    for key in "jjk":
        page.keyboard.press(key)
    expect(page.get_by_role("link", name="Paper 0 of day 0")).to_be_focused()
    page.keyboard.press("?")
    page.get_by_label("Use these shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Paper 0 of day 0")).not_to_be_focused()


def test_a_papers_other_links_open_and_close_by_keys(page: Page) -> None:
    page.goto("/papers/arxiv:2608.10000/")
    summary, link = page.locator("summary", has_text="More links"), page.get_by_role("link", name="alphaXiv")
    summary.press("Enter")
    expect(link).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    expect(summary).to_be_focused()
    summary.click()
    page.get_by_role("heading", level=1).click()
    expect(link).to_be_hidden()


def test_it_remembers_the_view_and_the_theme(page: Page) -> None:
    page.goto("/")
    page.get_by_title("Compact list").click()
    for _ in range(2):  # light, then dark
        page.locator(".theme-button").click()
    page.goto("/weeks/2026-W34/")
    root = page.locator("html")
    expect(root).to_have_attribute("data-view", "compact")
    expect(root).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 22, 20)"
    page.get_by_title("Cards").click()
    page.reload()
    assert root.get_attribute("data-view") is None


def test_five_papers_fit_a_laptop_and_two_a_phone(page: Page) -> None:
    visible = "[...document.querySelectorAll('.card')].filter(it => it.getBoundingClientRect().bottom <= innerHeight)"
    for width, height, most in ((1280, 900, 5), (390, 844, 2)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto("/")
        assert page.evaluate(f"{visible}.length") >= most


def test_an_open_abstract_has_a_row_of_its_own(page: Page) -> None:
    page.goto("/")
    before = page.locator(".papers").first.bounding_box()
    opened = page.locator(".papers > li").nth(2)
    opened.locator(".abstract > summary").click()
    box, filler = opened.bounding_box(), page.get_by_role("article").filter(has_text="Paper 3 of day 0").bounding_box()
    assert before
    assert box
    assert filler
    assert round(box["width"]) == round(before["width"])
    assert filler["y"] < box["y"] or filler["y"] > box["y"] + box["height"]


def test_the_consent_is_visible_once_an_address_is_entered(page: Page) -> None:
    page.goto("/")
    consent = page.locator(".signup .consent")
    expect(consent).to_be_hidden()
    page.locator(".signup [type=email]").fill("alice@example.org")
    page.locator("h1").click()
    expect(consent).to_be_visible()


def test_links_and_buttons_of_cards_are_large_enough_for_fingers(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/")
    for part, least in ((".card-footer :is(a, summary)", 24), (".card .paper-actions > *", 44)):
        heights = page.locator(part).evaluate_all("all => all.map(it => it.getBoundingClientRect().height)")
        assert heights
        assert min(heights) >= least


# The height in which a touch at the middle of each element hits it, rather than another or nothing.
HIT_HEIGHTS = """all => all.filter(it => it.checkVisibility()).map(it => {
  it.scrollIntoView({block: "center"});
  const box = it.getBoundingClientRect(), x = box.left + box.width / 2, y = box.top + box.height / 2;
  const isHit = (at) => it.contains(document.elementFromPoint(x, at)?.closest("a, button, summary, label"));
  let above = 0, below = 0;
  while (above < 40 && isHit(y - above - 1)) above++;
  while (below < 40 && isHit(y + below + 1)) below++;
  return above + below;
})"""


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/", ".abstract > summary, .card .paper-actions > *, .site-nav a, .segmented a"),
        ("/papers/arxiv:2608.10000/", ".paper-links a, .paper-side .links a, .paper-head .paper-actions > *"),
        ("/subscribe/", "#topics .chip, .area summary, .preview-days > summary, .preview-short a"),
        ("/months/2026-08/", ".turn a"),
    ],
)
def test_what_acts_as_a_button_is_44_pixels_high_to_a_finger(
    browser: Browser, live_server: LiveServer, editions: None, learning: Topic, path: str, parts: str
) -> None:
    telephone = browser.new_context(
        base_url=live_server.url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = telephone.new_page()
    page.goto(path, wait_until="networkidle")
    for part in parts.split(", "):
        heights = page.locator(part).evaluate_all(HIT_HEIGHTS)
        assert not heights or min(heights) >= 42, part  # 44, less rounding at both ends
        assert heights or part in (".turn a", "#topics .chip"), part
    telephone.close()


def test_on_a_phone_the_calendar_leaves_out_weeks_before_the_first_edition_and_after_the_last(page: Page) -> None:
    weeks = page.locator(".calendar tbody tr:visible")
    page.goto("/months/2026-08/")
    expect(weeks).to_have_count(6)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(weeks).to_have_count(2)
    assert [week.locator("td a").count() for week in weeks.all()] == [4, 4]


def test_a_long_topic_in_a_card_is_cut_instead_of_wrapping(page: Page) -> None:
    page.goto("/")
    footer = page.locator(".card-footer:not(:has(.tags))").first
    before = footer.bounding_box()
    footer.locator(".paper-actions").evaluate(
        "it => it.insertAdjacentHTML('beforebegin', '<ul class=tags><li><a href=/>Agents</a></li></ul>')"
    )
    footer = page.locator(".card-footer:has(a[href='/'])").first
    footer.locator(".tags a").evaluate("it => { it.textContent = 'Agents '.repeat(40); }")
    after = footer.bounding_box()
    assert before
    assert after
    assert after["height"] - before["height"] < 8
