"""Days without a matching paper: no email, or one line to readers who asked for it."""

from typing import Any

import pytest

from digest.models import Edition
from subscriptions.models import Subscriber
from tests.conftest import TODAY, make_reader, make_record
from tests.email import cast
from tests.email.mails import digests_of


@pytest.fixture
def unvoted(hugging_face: Any) -> Edition:
    """An edition of papers without votes, so that nothing is trending."""
    return cast.publish(hugging_face, [make_record("2608.00009", "Sheep", votes=0)], TODAY)


def reader(frequency: str, asked: bool) -> Subscriber:
    return make_reader("quiet@example.org", words="submarine archaeology", mail_quiet_days=asked, frequency=frequency)


@pytest.mark.parametrize(("frequency", "said"), [("daily", "A quiet day"), ("weekly", "A quiet week")])
def test_readers_who_asked_get_one_line(unvoted: Edition, frequency: str, said: str) -> None:
    (mail,) = digests_of(unvoted, [reader(frequency, asked=True)])
    assert mail.message["Subject"] == "No matching papers on 20 Aug"
    for part in (mail.text, mail.html):
        assert said in part
        assert "Sheep" not in part
        assert "/unsubscribe/" in part
    assert mail.text_links == mail.links_for_text


def test_others_get_no_email(unvoted: Edition) -> None:
    assert digests_of(unvoted, [reader("daily", asked=False)]) == []


def test_readers_get_trending_papers_if_there_are_any(edition: Edition) -> None:
    (mail,) = digests_of(edition, [reader("daily", asked=True)])
    assert "so here are the most popular ones" in " ".join(mail.text.split())
    assert "Trending" not in mail.html  # the sentence is their heading
