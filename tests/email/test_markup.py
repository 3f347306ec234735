"""Requirements H1 to H13: the HTML and text of the digest.

For validators, caniemail and axe, see test_tools.
"""

import datetime as dt
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django.core import mail as django_mail
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery import planner, shard_worker
from digest.email.formatting import shorten
from digest.models import Delivery, Edition, Paper
from digest.ops import daily_report
from subscriptions import colors
from subscriptions.models import Subscriber
from tests.conftest import NOW, TODAY, make_reader, make_record
from tests.email import cast
from tests.email.cast import add_pictures
from tests.email.mails import Mail, digest_of, digests_of

CLIPPED = 102_400  # bytes; Gmail cuts off the rest
LAYOUT_DEPTH = 3


@pytest.fixture
def long_edition(hugging_face: Any) -> Edition:
    """Thirty papers, each with the longest texts that are shown."""
    text = "We study reinforcement learning for agents that act in a world that nobody has described to them. " * 30
    records = [
        make_record(
            f"2608.1{number:04}",
            f"Agents {number}: {'A Long Title About What Agents Do ' * 3}",
            abstract=text,
            authors=tuple(f"Author Number {n}" for n in range(40)),
            votes=100 - number,
            organization="A Laboratory with a Name",
            github_url=f"https://github.com/example/agents-{number}",
            project_url=f"https://agents-{number}.example.org/",
        )
        for number in range(30)
    ]
    return cast.publish(hugging_face, records, TODAY)


@pytest.fixture
def wants_25() -> Subscriber:
    return make_reader("many@example.org", words="agents, reinforcement learning, world", max_papers=25)


def hidden_text(mail: Mail) -> str:
    """Return the preheader, the text that mail clients show beside the subject."""
    found = re.search(r'<div class="pre"[^>]*><b>(.*?)</b></div>', mail.html, re.DOTALL)
    assert found is not None
    return found[1]


def number_of_papers(mail: Mail) -> int:
    return len(re.findall(r'<div class="paper(?: first)?"', mail.html))


@pytest.mark.parametrize(("papers", "most"), [(10, 80_000), (25, CLIPPED)])
def test_h1_clients_do_not_clip_it(long_edition: Edition, wants_25: Subscriber, papers: int, most: int) -> None:
    Subscriber.objects.update(max_papers=papers)
    add_pictures(Paper.objects.all())
    mail = digest_of(long_edition, wants_25)
    assert number_of_papers(mail) in range(papers, papers + 4)  # with those that are trending
    assert len(mail.html.encode()) <= most
    assert f"{30 - papers} more matches on the site" in mail.html
    assert f"{30 - papers} more matches on the site" in mail.text


def test_h1_an_unsubscribe_link_is_near_the_top_too(mails: list[Mail]) -> None:
    for mail in mails:
        assert "/unsubscribe/" in mail.html.partition("<h1")[0]


def test_h2_one_column_of_600_and_a_table_for_outlook(mails: list[Mail]) -> None:
    for mail in mails:
        assert '<!--[if mso]><table role="presentation" width="600"' in mail.html
        assert "<!--[if mso]></td></tr></table><![endif]-->" in mail.html
        (layout,) = mail.all("table")
        assert layout["width"] == "100%"
        assert "max-width: 600px" in (layout["style"] or "")


def test_h3_tables_are_for_layout_only_and_not_deep(mails: list[Mail]) -> None:
    for mail in mails:
        tables = re.findall(r"<table[^>]*>", mail.html)
        assert all('role="presentation"' in table for table in tables)
        assert len(tables) <= LAYOUT_DEPTH
        assert not mail.all("th")
        assert not mail.all("thead")


def test_h4_it_declares_its_language_and_has_headings_in_order(mails: list[Mail]) -> None:
    languages = set()
    for mail in mails:
        (html,) = mail.all("html")
        languages.add(html["lang"])
        assert html["dir"] == "ltr"
        assert mail.html.partition("<title>")[2].partition("</title>")[0] == escaped(mail.message["Subject"])
        headings = [name for name, _ in mail.elements if re.fullmatch(r"h\d", name)]
        assert headings[0] == "h1"
        assert headings[1] == "h2"
        assert set(headings[1:]) <= {"h2", "h3"}
        assert headings.count("h3") == number_of_papers(mail)
    assert languages == {"en", "de"}


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@pytest.mark.usefixtures("sample")
def test_h5_without_images_nothing_is_missing(readers: list[Subscriber]) -> None:
    add_pictures(Paper.objects.all())
    for mail in digests_of(Edition.objects.get(), readers):
        assert len(mail.all("img")) == number_of_papers(mail)
        assert all(image["alt"] and image["width"] and image["height"] for image in mail.all("img"))
        assert "background-image" not in mail.html
        assert "data:" not in mail.html


def test_h6_links_have_meaningful_texts_and_differ_by_more_than_color(mails: list[Mail]) -> None:
    for mail in mails:
        texts = link_texts(mail.html)
        assert all(len(text) >= 4 for text in texts)
        assert not {"here", "click here", "link", "more"} & {text.lower() for text in texts}
        for attrs in mail.all("a"):
            plain = "text-decoration: none" in (attrs["style"] or "")
            # A button has its own shape, and no one needs to find the link of the masthead.
            assert not plain or attrs.get("class") == "button" or attrs["href"] == "https://papers.example.org/"
    for scheme in (colors.light(), colors.dark()):
        assert min(colors.contrast(*pair) for pair in scheme.texts) >= 4.5


def link_texts(html: str) -> list[str]:
    found: list[str] = []
    parser = HTMLParser()
    inside: list[str] = []
    parser.handle_starttag = lambda tag, attrs: inside.append("") if tag == "a" else None  # type: ignore[method-assign]
    parser.handle_endtag = lambda tag: found.append(inside.pop()) if tag == "a" else None  # type: ignore[method-assign]

    def handle_data(data: str) -> None:
        if inside:
            inside[-1] += data

    parser.handle_data = handle_data  # type: ignore[method-assign]
    parser.feed(html)
    return found


def test_h7_it_supports_dark_mode(mails: list[Mail]) -> None:
    for mail in mails:
        metas = {attrs.get("name"): attrs.get("content") for attrs in mail.all("meta")}
        assert metas["color-scheme"] == metas["supported-color-schemes"] == "light dark"
        assert ":root { color-scheme: light dark;" in mail.html
        dark = mail.html.partition("@media (prefers-color-scheme: dark)")[2].partition("\n}")[0]
        assert all("!important" in rule for rule in re.findall(r"\{([^}]+)\}", dark))
        assert "[data-ogsc]" in mail.html
        assert "[data-ogsb]" in mail.html
        assert not re.search(r"#(fff|000|ffffff|000000)\b", mail.html)


def test_h8_the_preheader_continues_the_subject(mails: list[Mail]) -> None:
    for mail in mails:
        said, filler = unescape(hidden_text(mail)).strip().split("\n", 1)
        assert 40 <= len(said) <= 110
        assert said != mail.message["Subject"]
        assert re.fullmatch(r"\s*(\u2007\ufeff\u034f)+\s*", filler)
        style = mail.all("div")[0]["style"] or ""
        assert all(rule in style for rule in ("display: none", "max-height: 0", "overflow: hidden", "mso-hide: all"))


def test_h9_the_button_is_tall_enough_and_drawn_for_outlook(mails: list[Mail]) -> None:
    for mail in mails:
        button = next(attrs for attrs in mail.all("a") if attrs.get("class") == "button")
        style = button["style"] or ""
        padding, height = (re.search(pattern, style) for pattern in (r"padding: (\d+)px", r"line-height: (\d+)px"))
        assert padding is not None
        assert height is not None
        assert 2 * int(padding[1]) + int(height[1]) >= 44
        assert f'<v:roundrect href="{button["href"]}"' in mail.html


def test_h10_it_runs_nothing_and_loads_nothing(mails: list[Mail]) -> None:
    for mail in mails:
        used = {name for name, _ in mail.elements}
        assert not used & {"script", "form", "input", "iframe", "link", "object", "video", "svg", "base"}
        assert not re.search(r"@import|@font-face|url\(|javascript:", mail.html)
        assert not any(name.startswith("on") for _, attrs in mail.elements for name in attrs)


def test_h11_the_text_has_the_same_content_and_links(
    mails: list[Mail], readers: list[Subscriber], settings: Any
) -> None:
    settings.POSTAL_ADDRESS = "Our Lab, 1 Main Street, Springfield"
    for mail in mails + digests_of(cast.hostile_day(), readers):
        assert mail.text_links == mail.links_for_text
        assert "<p" not in mail.text
    for mail in digests_of(cast.sample_day(), readers):
        assert settings.POSTAL_ADDRESS in mail.text
        assert settings.POSTAL_ADDRESS in mail.html


def test_h11_lines_of_text_are_short_and_addresses_whole(mails: list[Mail]) -> None:
    for mail in mails:
        lines = mail.text.splitlines()
        assert [line for line in lines if len(line) > 78 and "://" not in line] == []
        assert all(line.rpartition(": ")[2] in mail.text_links for line in lines if "://" in line)


def test_h12_no_line_of_text_is_longer_than_servers_accept(readers: list[Subscriber]) -> None:
    for mail in digests_of(cast.hostile_day(), readers):
        assert max(len(line.encode()) for line in mail.text.splitlines()) <= 998 or mail.wire.isascii()
        assert max(map(len, mail.wire.splitlines())) <= 998


def test_h13_the_subject_begins_with_the_first_paper(mails: list[Mail]) -> None:
    for mail in mails:
        subject, first = mail.message["Subject"], re.search(r"<h3[^>]*><a[^>]*>(.*?)</a>", mail.html)
        assert len(subject) <= 70
        assert first is not None
        assert subject[:20] in unescape(re.sub("<[^>]*>", "", first[1]))  # without the spans around hyphenated words


@given(st.text(min_size=1, max_size=200), st.integers(10, 100))
def test_h13_no_title_makes_the_subject_longer(title: str, limit: int) -> None:
    assert len(shorten(title, limit)) <= limit


@pytest.mark.usefixtures("now")
def test_c2_without_a_postal_address_no_digest_is_sent_and_the_reason_is_shown(
    edition: Edition, alice: Subscriber, settings: Any
) -> None:
    settings.REQUIRE_POSTAL_ADDRESS, settings.POSTAL_ADDRESS = True, ""
    planner.plan_everyone(edition, now=NOW)
    shard_worker.send_due()
    assert django_mail.outbox == []
    assert "POSTAL_ADDRESS" in Delivery.objects.get().reason
    assert any("POSTAL_ADDRESS" in reason for reason, _ in daily_report.make_report(until=NOW).reasons)
    settings.POSTAL_ADDRESS = "Our Lab"
    with time_machine.travel(NOW + dt.timedelta(hours=1), tick=False):  # sending was paused, and retries by itself
        shard_worker.send_due()
    assert len(django_mail.outbox) == 1


def test_c1_it_names_its_sender_and_address(sample: Edition, alice: Subscriber, settings: Any) -> None:
    settings.POSTAL_ADDRESS = "Our Lab\n1 Main Street"
    mail = digest_of(sample, make_reader("any@example.org"))
    assert mail.message["From"] == "Daily Papers <digest@papers.example.org>"
    assert "Our Lab<br>1 Main Street" in mail.html
    assert "Our Lab\n1 Main Street" in mail.text
