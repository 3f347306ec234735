"""The batch path makes the email that the templates and Django would make, to the last character."""

import datetime as dt
from itertools import product
from typing import Any

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest import papers
from digest.editions import candidates, publication
from digest.email import rendering
from digest.email.batch.composer import ComposedEmail, Composer, DueDelivery
from digest.models import Delivery, Edition, Paper
from digest.personalization import paper_index, profiles
from digest.personalization.digest_selection import compose
from digest.text.cleanup import clean
from subscriptions.models import Subscriber, Topic
from tests.conftest import NOW, TODAY, make_reader, make_record
from tests.digest.conftest import ODD, read
from tests.email.cast import add_pictures
from tests.examples import examples

pytestmark = pytest.mark.one_database


def plain(delivery: Delivery) -> tuple[bytes | None, Any]:
    """Return the email as the plain path makes it, and its record."""
    edition, reader = delivery.edition, delivery.subscriber
    index = paper_index.build_index(candidates.papers(edition, candidates.weekly_cutoff(edition, reader)))
    digest = compose(index, profiles.profile_of(reader), edition.day)
    if not digest.is_worth_sending:
        return None, {}
    with translation.override(reader.language):
        message = rendering.build_digest_message(digest, delivery)
        return message.message().as_bytes(linesep="\r\n"), message.papers


def without_nul(text: str) -> str:
    """Remove NUL, because PostgreSQL stores none and no form accepts one."""
    return text.replace("\0", "")


def make_deliveries(edition: Edition, readers: Any) -> list[Delivery]:
    return [Delivery.objects.create(edition=edition, subscriber=r, queued_at=NOW, not_before=NOW) for r in readers]


def check(deliveries: list[Delivery], from_parts: bool = True) -> list[ComposedEmail]:
    """Compose the emails, check that each is the same as the plain one, and return them."""
    rows = [DueDelivery(delivery.pk, delivery.edition_id, delivery.subscriber_id) for delivery in deliveries]
    composer = Composer()
    made = list(composer.compose(rows))
    assemblers = [assembler for issue in composer._editions.values() for assembler in issue._assemblers.values()]
    assert not from_parts or not any(assembler.uses_plain_path for assembler in assemblers)
    for delivery, composed in zip(deliveries, made, strict=True):
        assert composed.problem is None
        wire, record = plain(delivery)
        assert (composed.message is None) == (wire is None)
        if wire is not None and composed.message is not None:
            assert read(composed.message) == read(wire)
            assert composed.papers == record
            check_wire(composed.message)
    return made


def check_wire(message: bytes) -> None:
    """Check that any SMTP server accepts the email unchanged."""
    headers, _, body = message.partition(b"\r\n\r\n")
    assert message.isascii()
    assert b"\0" not in message
    assert b"\n" not in message.replace(b"\r\n", b"")
    assert b"\r" not in message.replace(b"\r\n", b"")
    assert b"\r\n." not in message
    assert all(len(line) <= 998 for line in headers.split(b"\r\n"))
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))


def test_it_makes_the_same_email_for_many_readers(busy: Edition, topics: list[Topic], now: dt.datetime) -> None:
    preferences = product(
        ["en", "de"], [(), topics[:1], topics], ["", "proofs, vision, -agents", "author:Author"], [1, 10, 25]
    )
    readers = []
    for number, (language, ticked, words, most) in enumerate(preferences):
        reader = make_reader(f"r{number}@example.org", ticked, words, max_papers=most, mail_quiet_days=number % 2 == 0)
        Subscriber.objects.filter(pk=reader.pk).update(language=language)
        readers.append(reader)
    made = check(make_deliveries(busy, Subscriber.objects.order_by("pk")))
    assert sum(composed.message is not None for composed in made) > 40


def test_it_makes_the_same_email_with_pictures_and_pins(busy: Edition, topics: list[Topic], now: dt.datetime) -> None:
    add_pictures(Paper.objects.order_by("pk")[::2])
    Paper.objects.filter(pk__in=Paper.objects.order_by("-pk")[:20]).update(is_pinned=True)
    grouped = make_reader("grouped@example.org", topics, "proofs", max_papers=25)
    listed = make_reader("listed@example.org", topics, "proofs", max_papers=25, one_list=True)
    of_grouped, of_listed = check(make_deliveries(busy, [grouped, listed]))
    assert (of_grouped.papers["grouped"], of_listed.papers["grouped"]) == (True, False)
    assert sorted(of_grouped.papers["for_you"]) == sorted(of_listed.papers["for_you"])


def test_it_makes_the_same_email_with_notes(busy: Edition, alice: Subscriber, now: dt.datetime) -> None:
    busy.note_before, busy.note_after = f"Good morning,\n.{ODD}\n\n1 < 2", "Good night\r\n. " + "word " * 60
    busy.save()
    check(make_deliveries(busy, [alice]))


def test_it_makes_the_same_email_of_a_week(
    busy: Edition, topics: list[Topic], hugging_face: Any, now: dt.datetime
) -> None:
    before = TODAY - dt.timedelta(days=2)
    papers.ingest(hugging_face, [make_record("2608.20001", "Agents of the Week", votes=99, day=before)], before)
    earlier = publication.publish(before, now=NOW - dt.timedelta(days=2)).edition
    assert earlier is not None
    new = make_reader("new@example.org", topics, frequency="weekly")
    old = make_reader("old@example.org", topics, frequency="weekly")
    Delivery.objects.create(edition=earlier, subscriber=old, status="sent", sent_at=NOW, queued_at=NOW, not_before=NOW)
    of_new, of_old = check(make_deliveries(busy, [new, old]))
    assert (of_new.papers["of"], of_old.papers["of"]) == (41, 40)


def test_it_makes_the_same_email_with_trending_papers_only(busy: Edition, now: dt.datetime) -> None:
    made = check(make_deliveries(busy, [make_reader("q@example.org", words="submarines", mail_quiet_days=True)]))
    assert made[0].papers["for_you"] == []
    assert len(made[0].papers["trending"]) == 3


def test_it_leaves_out_the_last_papers_of_an_email_that_would_be_clipped(busy: Edition, now: dt.datetime) -> None:
    Paper.objects.update(
        title="Ä " * 149 + "agents", authors=["Ö" * 90] * 6, organization="Ü" * 200, url="https://x/" + "p" * 900
    )
    made = check(make_deliveries(busy, [make_reader("long@example.org", words="agents", max_papers=25)]))[0]
    assert made.message is not None
    assert len(made.papers["for_you"]) < 25
    assert len(made.papers["for_you"]) + made.papers["more"] == 40
    html = read(made.message)[1][1][1]
    assert 95_000 < len(html.replace("\r\n", "\n").encode()) <= rendering.MAX_HTML
    assert f"{made.papers['more']} more matches on the site" in html


@pytest.mark.parametrize(
    "address", ["o'hara+x@example.org", "jürgen@example.org", "a@bücher.example", '"a b"@example.org']
)
def test_it_writes_any_address_as_django_does(busy: Edition, address: str, now: dt.datetime) -> None:
    reader = make_reader("a@example.org", words="agents")
    Subscriber.objects.filter(pk=reader.pk).update(email=address)
    check(make_deliveries(busy, [Subscriber.objects.get(pk=reader.pk)]))


@pytest.mark.parametrize("language", ["de", "he", "ar"])
def test_it_makes_the_same_email_in_other_languages_and_directions(
    busy: Edition, language: str, now: dt.datetime
) -> None:
    reader = make_reader("a@example.org", words="agents, author:Author")
    Subscriber.objects.filter(pk=reader.pk).update(language=language)
    check(make_deliveries(busy, [Subscriber.objects.get(pk=reader.pk)]))


HOSTILE = st.one_of(
    st.text(max_size=120),
    st.text(st.sampled_from("<>&\"'=. -\u00a0\u2028\u200f{}%#“é💥ש\x7f\t\n"), max_size=200),
    st.sampled_from(
        [ODD, "</p></td></table><script>", "{{ 7*7 }}", "=?utf-8?q?x?=", ".", "-- ", "From x", "&nbsp;&#10;"]
    ),
)


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(titles=st.lists(HOSTILE, min_size=3, max_size=3), texts=st.lists(HOSTILE, min_size=3, max_size=3), name=HOSTILE)
@pytest.mark.django_db
def test_it_makes_the_same_email_of_hostile_texts(
    edition: Edition, learning: Topic, now: dt.datetime, titles: list[str], texts: list[str], name: str
) -> None:
    for paper, title, text in zip(edition.papers.order_by("pk"), titles, texts, strict=True):
        paper.title, paper.abstract = clean(title) or "-", clean(text + " learning. ") * 3
        paper.authors, paper.organization, paper.keywords = (
            [clean(name), "Ada Lovelace"],
            clean(name)[:200],
            [clean(title)],
        )
        paper.save()
    learning.name, learning.phrases = clean(name)[:80] or "-", ["learning", clean(title)[:50] or "-"]
    learning.save()
    edition.note_before, edition.note_after = without_nul(texts[0]), without_nul(name)
    edition.save()
    reader = Subscriber.objects.filter(email="reader@example.org").first() or make_reader(
        "reader@example.org", [learning]
    )
    deliveries = list(Delivery.objects.filter(subscriber=reader)) or make_deliveries(edition, [reader])
    check(deliveries)
