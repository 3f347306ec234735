"""Reasons stay short beside the summaries, in ten recorded days for readers of each kind."""

import re
from html import unescape

import pytest

from subscriptions.topics import catalogue
from tests.email import cast
from tests.email.mails import digests_of

DAYS = cast.recorded_days()[-10:]


def words(html: str, css_class: str) -> int:
    """Return the number of words in the paragraphs of this class."""
    found = re.findall(rf'<p class="{css_class}"[^>]*>(.*?)</p>', html, re.DOTALL)
    return sum(len(re.findall(r"\w+(?:[-’']\w+)*", unescape(re.sub(r"<[^>]+>", " ", text)))) for text in found)


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.skipif(not DAYS, reason="recorded answers of the real services are not part of this repository")
def test_reasons_take_at_most_a_quarter_of_the_words_of_the_summaries() -> None:
    catalogue.load()
    readers = cast.make_readers()
    reasons = summaries = 0
    for day in DAYS:
        for mail in digests_of(cast.recorded_day(day), readers):
            reasons += words(mail.html, "why")
            summaries += words(mail.html, "abstract")
    print(f"reasons: {reasons} words, summaries: {summaries} words, {reasons / summaries:.3f}")
    assert summaries > 5_000
    assert reasons <= summaries / 4
