"""Malicious input ends in an error within seconds, and uses no more than the limits."""

from collections.abc import Callable

import pytest

from digest import isolation
from digest.isolation import IsolationError
from digest.site import images, thumbnails
from digest.site.images import PictureError
from digest.sources.records import SourceError
from digest.sources.xml_parser import read_feed
from tests.digest import misbehaving
from tests.digest.misbehaving import backwards, crash, fill_memory, refuse, sleep, work_for_ever

ITEM = b"<rss version='2.0'><channel><item><title>A title</title><link>https://example.org/</link>%s</item></channel></rss>"
BY_THE_SQUARE = {
    "letters": b"<author>%s</author>" % (b"a" * 80_000),
    "attributes": b"<x %s/>" % b" ".join(b'a%d="1"' % number for number in range(80_000)),
    "categories": b"".join(b"<category>%d</category>" % number for number in range(80_000)),
}


def test_it_returns_the_result_of_the_function() -> None:
    body = bytes(range(256)) * 4_000
    assert isolation.run(backwards, body) == body[::-1]


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (refuse, "^no feed ☹$"),
        (crash, "crashed"),
        (fill_memory, "more than 1024 MB of memory"),
        (work_for_ever, "stopped after 1 seconds of CPU time"),
        (sleep, "stopped after 2 seconds$"),
    ],
)
def test_it_explains_why_there_is_no_result(
    monkeypatch: pytest.MonkeyPatch, function: Callable[[bytes], bytes], said: str
) -> None:
    monkeypatch.setattr(isolation, "SECONDS", 1)
    if function is sleep:
        monkeypatch.setattr(isolation, "MAX_WALL_SECONDS", 2)
    with pytest.raises(IsolationError, match=said):
        isolation.run(function, b"feed")


def test_the_child_has_none_of_our_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "secret")
    assert b"SECRET_KEY" not in isolation.run(misbehaving.environment, b"")


@pytest.mark.parametrize("kind", BY_THE_SQUARE)
def test_a_feed_that_takes_the_square_of_its_length_is_refused(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(isolation, "SECONDS", 1)
    monkeypatch.setattr(isolation, "SECONDS_A_MEGABYTE", 1)
    with pytest.raises(SourceError, match=r"not a readable feed: stopped after \d seconds of CPU time"):
        read_feed(ITEM % BY_THE_SQUARE[kind])


def test_a_feed_is_read_in_the_child_as_it_is_in_this_process() -> None:
    found = read_feed(
        ITEM % b"<author>Ada &amp; \xf0\x9f\x98\x80</author><pubDate>Thu, 20 Aug 2026 12:00:00 GMT</pubDate>"
    )
    (entry,) = found.entries
    assert (entry.author, entry.link) == ("Ada & 😀", "https://example.org/")
    assert tuple(entry.published_parsed)[:3] == (2026, 8, 20)
    assert entry.get("updated_parsed") == entry.published_parsed  # feedparser's own names for one another still work


def test_a_picture_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "shrink", work_for_ever)
    monkeypatch.setattr(isolation, "SECONDS", 1)
    with pytest.raises(PictureError, match="stopped after 1 seconds of CPU time"):
        thumbnails.shrink(b"")


def test_errors_of_pictures_stay_the_same() -> None:
    with pytest.raises(PictureError, match="not an image in PNG"):
        thumbnails.shrink(b"<svg/>")
