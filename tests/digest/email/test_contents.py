"""The line above the papers, pictures, and what is shown of a paper."""

import datetime as dt
from typing import Any

import pytest

from digest.email import contents, figures, formatting
from digest.email.excerpts import excerpt
from digest.matching import OWN_WORDS, Finding, Match, Reason
from digest.models import Paper
from digest.personalization.digest_selection import Digest
from digest.personalization.like_filter import LIKES

DAY = dt.date(2026, 8, 20)


def match(interest: str, words: int = 10) -> Match:
    paper = Paper(key="arxiv:1", title="word " * words, url="https://arxiv.org/abs/1")
    return Match(paper, 1, (Finding(interest, 1, ()),))


def test_it_says_what_is_in_an_email_and_how_long_it_takes() -> None:
    learning, agents = match("Learning"), match("Agents", 500)
    digest = Digest(DAY, (learning, learning, agents), (match(""),), 0, 9, is_grouped=True)
    assert contents.contents(digest).replace("\u00a0", " ") == (
        "3-minute read · Learning (2) · Agents (1) · Trending (1)"
    )
    assert contents.contents(digest._replace(is_grouped=False)) == "3-minute\u00a0read"
    assert contents.contents(Digest(DAY, (), (), 0, 9)) == ""


def found_by(phrase: str) -> Match:
    reason = Reason(OWN_WORDS, "phrase", phrase, "title", 1, asked=phrase)
    return Match(match("").paper, 1, (Finding(OWN_WORDS, 1, (reason,)),))


@pytest.mark.parametrize(
    ("phrases", "heading"),
    [
        (["video", "video"], "“video”"),
        (["video", "world models"], "“video”, “world models”"),
        (["video understanding", "long-horizon planning"], "“video understanding”, …"),
        (["a phrase that alone is longer than a heading", "x"], "“a phrase that alone is longer than a…”, …"),
    ],
)
def test_papers_found_by_the_readers_own_words_have_as_many_of_these_as_heading_as_fit(
    phrases: list[str], heading: str
) -> None:
    own, learning = [found_by(phrase) for phrase in phrases], match("Learning")
    digest = Digest(DAY, (*own, learning), (match(""),), 0, 9, is_grouped=True)
    assert contents.headings(digest) == [heading, "", "Learning", ""]
    assert contents.groups(digest) == [heading, heading, "Learning", ""]
    assert contents.headings(digest._replace(is_grouped=False)) == [""] * 4
    assert contents.groups(digest._replace(is_grouped=False)) == [""] * 4


def test_a_heading_names_the_readers_own_words_of_papers_that_are_closer_to_likes() -> None:
    own = found_by("video")
    liked = Finding(LIKES, 2, (Reason(LIKES, "liked", "A Liked Paper", "liked", 3),))
    closer = Match(own.paper, 3, (liked, *own.findings))
    digest = Digest(DAY, (closer, match("Learning")), (), 0, 9, is_grouped=True)
    assert contents.headings(digest) == ["“video”", "Learning"]


@pytest.mark.parametrize(
    ("site", "debug", "is_shown"),
    [("https://papers.example.org", False, True), ("http://10.0.0.1", False, False), ("http://10.0.0.1", True, True)],
)
def test_pictures_need_an_address_that_email_clients_can_fetch(
    settings: Any, site: str, debug: bool, is_shown: bool
) -> None:
    settings.SITE_URL, settings.DEBUG = site, debug
    paper = Paper(pk=7)
    assert figures.picture_url(paper) == ""
    paper.picture = "0123456789ab"  # type: ignore[attr-defined]
    assert figures.picture_url(paper) == (f"{site}/thumbnails/7-0123456789ab.jpg" if is_shown else "")


def test_it_shows_the_summary_or_else_the_beginning_of_the_abstract() -> None:
    assert excerpt(Paper(summary="Short.", abstract="Long.")) == ("Short.", "ai")
    assert excerpt(Paper(summary="x " * 300, abstract="Long.")) == ("Long.", "")
    assert excerpt(Paper()) == ("", "")


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Faster Diffusion + 12 more", "Faster Diffusion + 12 more · Daily Papers"),
        ("x" * 55, "x" * 55 + " · Daily Papers"),
        ("x" * 56, "x" * 56),
    ],
)
def test_the_subject_names_the_newsletter_where_there_is_room(subject: str, shown: str) -> None:
    assert formatting.with_name(subject, "Daily Papers") == shown


@pytest.mark.parametrize(
    ("key", "url", "name"),
    [
        ("arxiv:2608.1", "https://arxiv.org/abs/2608.1", "arXiv"),
        ("doi:10.1/2", "https://www.nature.com/articles/1", "nature.com"),
    ],
)
def test_it_names_the_site_of_a_paper(key: str, url: str, name: str) -> None:
    assert formatting.source_name(Paper(key=key, url=url)) == name
