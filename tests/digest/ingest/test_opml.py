"""The parsing of OPML lists, and their import as sources."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.ingest import opml_import
from digest.ingest.opml import OpmlError, Outline, parse
from digest.models import FetchRun, Source
from tests.conftest import TODAY
from tests.upstream import Upstream

FEED = "https://lab.example.org/feed.xml"
RSS = (
    "<rss version='2.0'><channel><item><title>A Title</title><link>https://example.org/1</link></item></channel></rss>"
)


def outlines(*lines: str, head: str = '<?xml version="1.0"?>') -> bytes:
    return f"{head}<opml version='2.0'><head><title>Mine</title></head><body>{''.join(lines)}</body></opml>".encode()


def line(address: str = FEED, **said: str) -> str:
    names = "".join(f" {name}='{value}'" for name, value in said.items())
    return f"<outline type='rss' xmlUrl='{address}'{names}/>"


def read(*lines: str) -> list[Outline]:
    return parse(outlines(*lines))


def refusal(body: bytes) -> str:
    with pytest.raises(OpmlError) as caught:
        parse(body)
    return str(caught.value)


# --- Reading --------------------------------------------------------------------


def test_it_reads_feeds_in_folders_of_folders() -> None:
    deep = f"<outline text='A'><outline text='B'>{line(text='The Lab')}</outline>{line('https://b.example.org/')}</outline>"
    assert read(deep) == [Outline("The Lab", FEED), Outline("b.example.org", "https://b.example.org/")]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"text": "Text", "title": "Title"}, "Text"),
        ({"text": " ", "title": "Title"}, "Title"),
        ({"text": "Tom &amp; Ada\n&lt;3"}, "Tom & Ada <3"),
        ({}, "lab.example.org"),
        ({"text": "x" * 500}, "x" * 120),
    ],
)
def test_it_names_a_feed_by_its_text_or_title_or_host(said: dict[str, str], name: str) -> None:
    assert read(line(**said)) == [Outline(name, FEED)]


def test_it_reads_names_in_any_case() -> None:
    assert parse(f"<OPML><Body><Outline Text='Lab' XMLURL='{FEED}'/></Body></OPML>".encode()) == [Outline("Lab", FEED)]


@pytest.mark.parametrize("written", [" https://a.org/f ", "feed:https://a.org/f", "FEED:https://a.org/f"])
def test_it_reads_addresses_as_feed_readers_write_them(written: str) -> None:
    assert read(line(written))[0].address == "https://a.org/f"


def test_it_takes_a_feed_protocol_for_the_webs() -> None:
    assert read(line("feed://a.org/f"))[0].address == "http://a.org/f"


def test_it_keeps_a_feed_without_an_address_to_be_told_of() -> None:
    assert read("<outline type='rss' text='Lost'/>", "<outline type='link' url='https://a.org'/>") == [
        Outline("Lost", "")
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_it_reads_the_encoding_that_the_list_declares(encoding: str) -> None:
    body = outlines(line(text="Café"), head=f'<?xml version="1.0" encoding="{encoding}"?>').decode().encode(encoding)
    assert parse(body)[0].name == "Café"


def test_it_lets_the_encoding_of_pasted_text_go_over_the_declared_one() -> None:
    body = outlines(line(text="Café"), head='<?xml version="1.0" encoding="utf-16"?>')
    assert parse(body, "utf-8")[0].name == "Café"


# --- Refusing -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "The list is empty."),
        (b" \n ", "The list is empty."),
        (b"hello", "damaged at line 1, column 1"),
        (outlines(line("https://a.org/?a=1&b=2")), "& must be written &amp;"),
        (b"<html><body>Sign in</body></html>", "no OPML: it begins with <html>. Export the subscriptions as OPML"),
        (outlines("<outline text='empty folder'/>"), "names no feed"),
        (outlines(line(), head='<?xml version="1.0" encoding="klingon"?>'), "Save it as UTF-8"),
        (outlines(line(), head='<?xml version="1.0" encoding="utf-7"?>'), "Save it as UTF-8"),
        (outlines(*[line()] * 1001), "more than 1000 feeds. Split it"),
    ],
)
def test_it_says_what_is_wrong_with_a_list_and_what_to_do(body: bytes, reason: str) -> None:
    assert reason in refusal(body)


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a SYSTEM "https://example.org/evil.dtd"> %a;',
    ],
)
def test_it_refuses_entities(declaration: str) -> None:
    assert "Refused" in refusal(outlines(line(text="&b;"), head=f"<!DOCTYPE opml [{declaration}]>"))


def test_it_fetches_no_document_type(upstream: Upstream) -> None:
    head = f'<!DOCTYPE opml SYSTEM "{upstream.url}/opml.dtd">'
    assert parse(outlines(line(text="Lab"), head=head)) == [Outline("Lab", FEED)]
    assert upstream.asked == []


def test_it_stands_folders_nested_without_end() -> None:
    assert len(read("<outline>" * 50_000, line(), "</outline>" * 50_000)) == 1


@given(
    st.one_of(st.binary(), st.text().map(lambda text: outlines(text)), st.text().map(lambda text: outlines(line(text))))
)
def test_it_raises_nothing_but_its_own_error(body: bytes) -> None:
    with suppress(OpmlError):
        assert parse(body)


# --- Sorting out, and adding ----------------------------------------------------


def a_feed(address: str = FEED, name: str = "Lab") -> Outline:
    return Outline(name, address)


@pytest.mark.django_db
def test_it_tells_the_new_from_the_known_and_the_impossible() -> None:
    Source.objects.create(kind="feed", key="http://LAB.example.org/feed.xml/", name="The Lab")
    new, twice = a_feed("https://a.org/f"), a_feed("https://a.org/f/")
    impossible = [a_feed(""), a_feed("mailto:a@b.org"), a_feed("https://rss.arxiv.org/atom/cs.CL"), a_feed("http://[x")]
    too_long = a_feed("https://a.org/" + "x" * 500)
    found = opml_import.plan_import([a_feed(), new, twice, *impossible, too_long])
    assert found.new == [new]
    assert found.known == [a_feed(), twice]
    assert [refused.outline for refused in found.refused] == [*impossible, too_long]
    assert all(refused.reason for refused in found.refused)


@pytest.mark.django_db
def test_it_takes_feeds_that_differ_in_their_query_for_two() -> None:
    assert len(opml_import.plan_import([a_feed(f"{FEED}?a=1"), a_feed(f"{FEED}?a=2")]).new) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("is_active", [True, False])
def test_it_adds_what_is_still_new(is_active: bool) -> None:
    Source.objects.create(kind="feed", key=FEED, name="The Lab")
    added = opml_import.add_sources([a_feed(), a_feed("https://a.org/f", "A")], is_active=is_active)
    assert [(source.kind, source.key, source.name, source.is_active) for source in added] == [
        ("feed", "https://a.org/f", "A", is_active)
    ]
    assert opml_import.add_sources([a_feed("https://a.org/f")], is_active=True) == []


@pytest.mark.django_db
def test_it_leaves_out_feeds_that_do_not_answer_when_asked_to(upstream: Upstream, settings: Any) -> None:
    settings.FETCH_PRIVATE_HOSTS = True
    upstream.say("/good", RSS)
    upstream.say("/page", "<html><body>Gone</body></html>")
    alive, dead, none = (a_feed(upstream.url + path) for path in ("/good", "/dead", "/page"))
    found = opml_import.refuse_unreachable(opml_import.plan_import([alive, dead, none]), TODAY)
    assert (found.new, found.unasked) == ([alive], 0)
    assert [refused.outline for refused in found.refused] == [dead, none]
    assert "answered 404" in found.refused[0].reason
    assert not FetchRun.objects.exists()


@pytest.mark.django_db
def test_it_keeps_feeds_that_it_had_no_time_to_ask(
    upstream: Upstream, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FETCH_PRIVATE_HOSTS = True
    monkeypatch.setattr(opml_import, "TOTAL_TIMEOUT", 0)
    found = opml_import.refuse_unreachable(
        opml_import.plan_import([a_feed(f"{upstream.url}/{n}") for n in range(30)]), TODAY
    )
    assert found.unasked > 0
    assert len(found.new) + len(found.refused) == 30
