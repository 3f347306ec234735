"""Readers rate papers, and each filter learns from it."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from digest.matching import OWN_WORDS, Index
from digest.models import Delivery, Edition, LearnedLikes, Learnt, Opinion, Paper
from digest.opinions import feedback, reading_list
from digest.opinions.feedback import clear_rating, feedback_on, learned_from, rate, reset_filter
from digest.personalization import likes, profiles
from digest.personalization.digest_selection import compose
from digest.search import index_cache
from subscriptions.models import Subscriber, Topic
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW, TODAY, make_reader

LATER = NOW + dt.timedelta(hours=1)
LATER_STILL = dt.timedelta(hours=1)


@pytest.fixture
def agents(db: None) -> Topic:
    return Topic.objects.create(slug="agents", name="Agents", group="Methods", phrases=["agents"])


@pytest.fixture
def ada(agents: Topic) -> Subscriber:
    return make_reader("ada@example.org", topics=[agents], words="robots")


def make_paper(number: int, title: str, **fields: Any) -> Paper:
    url = f"https://arxiv.org/abs/2608.{number:05}"
    return Paper.objects.create(key=f"arxiv:2608.{number:05}", title=title, url=url, **fields)


@pytest.fixture
def memory(db: None) -> Paper:
    return make_paper(1, "Agents with Memory", authors=["Grace Hopper"], abstract="They remember.")


@pytest.fixture
def sea(db: None) -> Paper:
    return make_paper(2, "Agents at Sea")


def test_it_stores_the_filters_that_found_a_paper(ada: Subscriber, memory: Paper, sea: Paper) -> None:
    both = make_paper(3, "Robots and Agents")
    assert feedback.matched_filters(ada, memory) == {"agents": "Agents"}
    assert set(feedback.matched_filters(ada, both)) == {"agents", ":words"}
    assert feedback.matched_filters(ada, make_paper(4, "Cooking")) == {}
    nobody = make_reader("nobody@example.org")
    assert feedback.matched_filters(nobody, memory) == {profiles.VOTES_KEY: ""}


def test_filters_are_matched_among_the_papers_of_the_edition(db: None) -> None:
    reader = make_reader("eve@example.org", words="about: how rivers carve valleys")
    edition = Edition.objects.create(day=TODAY, published_at=NOW)
    short = make_paper(1, "x", abstract="Rivers carve valleys. " * 2, edition=edition)
    for number in range(2, 12):
        make_paper(number, f"Else {number}", abstract="Of other things. " * 60, edition=edition)
    assert feedback.matched_filters(reader, short) == {profiles.WORDS_KEY: OWN_WORDS}
    (match,) = compose(index_cache.last().indexes[0], profiles.profile_of(reader), TODAY).for_you
    assert match.paper == short


def test_ratings_order_the_next_digest(ada: Subscriber, memory: Paper, sea: Paper) -> None:
    index = Index([sea, memory])
    assert compose(index, profiles.profile_of(ada), TODAY).for_you[0].paper is sea
    rate(ada, memory, "like", now=NOW)
    rate(ada, sea, "not-for-me", now=NOW)
    digest = compose(index, profiles.profile_of(ada), TODAY)
    assert [found.paper for found in digest.for_you] == [memory]  # what is not for her is not sent either


def test_readers_without_ratings_cost_two_queries(ada: Subscriber, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        assert likes.of_readers([ada.pk]) == {}
        assert profiles.slot_limits([ada.pk]) == {}


def test_the_last_rating_counts(ada: Subscriber, memory: Paper) -> None:
    rate(ada, memory, "like", now=NOW)
    rate(ada, memory, "not-for-me", now=LATER)
    rate(ada, memory, "not-for-me", now=LATER)
    assert feedback_on(ada, memory).verdict == "not-for-me"
    assert Opinion.objects.count() == 1
    assert LearnedLikes.objects.get().examples == []


def test_all_ratings_can_be_taken_back(ada: Subscriber, memory: Paper) -> None:
    rate(ada, memory, "like", now=NOW)
    rate(ada, memory, "fewer", "agents", now=NOW)
    assert feedback_on(ada, memory) == feedback.PaperFeedback("like", frozenset({"agents"}))
    profile = profiles.profile_of(ada)
    assert profile.likes
    assert profile.slot_limits
    clear_rating(ada, memory, now=NOW)
    assert feedback_on(ada, memory) == feedback.PaperFeedback()
    profile = profiles.profile_of(ada)
    assert not profile.likes
    assert not profile.slot_limits


def test_it_counts_how_often_fewer_are_wanted(ada: Subscriber, memory: Paper, sea: Paper) -> None:
    for paper in (memory, sea, memory):
        rate(ada, paper, "fewer", "agents", now=NOW)
    (about,) = learned_from(ada).limited
    assert (set(about.papers), about.slots) == ({memory, sea}, 2)
    assert profiles.slot_limits([ada.pk]) == {ada.pk: profiles.profile_of(ada).slot_limits}


def test_it_forgets_fewer_of_one_filter_and_keeps_the_likes(ada: Subscriber, memory: Paper, sea: Paper) -> None:
    rate(ada, memory, "like", now=NOW)
    rate(ada, sea, "fewer", "agents", now=NOW)
    reset_filter(ada, "agents", now=LATER)
    learned = learned_from(ada)
    assert not learned.limited
    assert [(row.paper, row.verdict) for row in learned.taught] == [(memory, "like")]


def test_it_forgets_all_likes_and_keeps_ratings_and_the_list(ada: Subscriber, memory: Paper, sea: Paper) -> None:
    rate(ada, memory, "like", now=NOW)
    reset_filter(ada, profiles.LIKES_KEY, now=LATER)
    assert profiles.profile_of(ada).likes is None
    assert [row.counts for row in learned_from(ada).taught] == [False]
    assert feedback_on(ada, memory).verdict == "like"
    rate(ada, sea, "like", now=LATER + dt.timedelta(hours=1))
    assert LearnedLikes.objects.get().examples == [[sea.pk, "liked"]]
    assert [row.counts for row in learned_from(ada).taught] == [True, False]


def test_it_forgets_nothing_that_was_never_learnt(ada: Subscriber) -> None:
    reset_filter(ada, "nonsense", now=NOW)
    assert not Learnt.objects.exists()


def test_a_reader_without_filters_gets_what_they_like_first(memory: Paper, sea: Paper) -> None:
    reader = make_reader("all@example.org")
    Paper.objects.update(votes=5)
    rate(reader, memory, "like", now=NOW)
    again = make_paper(3, "Agents with Memory Again", abstract="They remember it.")
    digest = compose(Index([sea, again]), profiles.profile_of(reader), TODAY)
    assert [found.paper for found in digest.for_you] == [again, sea]


def test_it_exports_all_ratings(ada: Subscriber, memory: Paper) -> None:
    rate(ada, memory, "like", now=NOW)
    assert feedback.export(ada) == [
        {
            "paper": memory.key,
            "title": memory.title,
            "opinion": "like",
            "filter": "",
            "said_at": "2026-08-20T12:00:00+00:00",
        }
    ]


# The pages


def door(reader: Subscriber, paper: Paper) -> str:
    """Return the feedback link of the paper in a digest of today's edition."""
    today, _ = Edition.objects.get_or_create(day=TODAY, defaults={"published_at": NOW})
    Paper.objects.filter(pk=paper.pk).update(edition=today)
    return address(reader, today, paper)


def address(reader: Subscriber, edition: Edition, paper: Paper, purpose: Purpose = Purpose.OPINION) -> str:
    return f"/digests/{link_tokens.make_token(purpose, reader, edition.pk.to_bytes(8))}/papers/{paper.pk}/"


def sent(reader: Subscriber, edition: Edition, *papers: Paper) -> None:
    """Store that the reader had a digest with these papers."""
    kept = {"for_you": [[paper.pk, 0] for paper in papers], "trending": []}
    Delivery.objects.create(
        edition=edition, subscriber=reader, queued_at=NOW, not_before=NOW, status="sent", sent_at=NOW, papers=kept
    )


def settings_of(reader: Subscriber, page: str) -> str:
    return f"/preferences/{link_tokens.make_token(Purpose.PREFERENCES, reader)}/{page}"


def body(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    assert not response.cookies
    return response.content.decode()


def press(client: Client, path: str, status: int = 302, **fields: str) -> None:
    assert Client(enforce_csrf_checks=True).post(path, fields).status_code == status


def press_through(client: Client, path: str, **fields: str) -> str:
    return client.post(path, fields, follow=True).content.decode()


def test_opening_the_link_rates_nothing(client: Client, ada: Subscriber, memory: Paper) -> None:
    page = body(client, door(ada, memory) + "?opinion=like")
    assert "Agents with Memory" in page
    assert "They remember." in page
    assert '<button class="button" name="opinion" value="like">Like this paper</button>' in page
    assert 'value="not-for-me" aria-pressed="false"' in page
    assert "Liked" not in page
    assert "Fewer papers for “Agents”" in page
    assert not Opinion.objects.exists()


def test_the_page_names_the_readers_own_words(client: Client, memory: Paper) -> None:
    reader = make_reader("grace@example.org", words="memory")
    page = body(client, door(reader, memory) + "?opinion=not-for-me")
    assert '<button class="button" name="opinion" value="not-for-me">Fewer papers like this</button>' in page
    assert "Fewer papers for your own words, such as “Memory”" in page
    press(client, door(reader, memory), opinion="fewer:" + profiles.WORDS_KEY)
    told = "Fewer papers for your own words, such as “Memory”: half as many places, starting with your next digest."
    assert told in body(client, door(reader, memory))


@pytest.mark.parametrize(
    ("opinion", "told"),
    [
        ("like", "Liked: more papers like this."),
        ("not-for-me", "Got it: fewer papers like this."),
        ("save", "Saved to your list."),
        ("fewer:agents", "Fewer papers for “Agents”: half as many places"),
    ],
)
def test_a_button_rates_and_takes_back(client: Client, ada: Subscriber, memory: Paper, opinion: str, told: str) -> None:
    path = door(ada, memory)
    press(client, path, opinion=opinion)
    assert told in body(client, path)
    page = body(client, path)
    undo = re.search(r'class="notice">[^<]+<button class="link" name="opinion" value="([a-z-]+)">Undo', page)
    assert undo
    press(client, path, opinion=undo[1])
    assert told not in body(client, path)
    assert not Opinion.objects.exists()
    assert not reading_list.is_saved(ada, memory)


@pytest.mark.parametrize("opinion", ["", "love", "fewer", "fewer:", "fewer:nonsense", "like:agents"])
def test_other_ratings_are_refused(client: Client, ada: Subscriber, memory: Paper, opinion: str) -> None:
    press(client, door(ada, memory), 404, opinion=opinion)
    assert not Opinion.objects.exists()


def test_the_page_opens_for_no_other_reader(client: Client, ada: Subscriber, memory: Paper) -> None:
    good = door(ada, memory)
    body(client, good.replace("/papers/", "x/papers/"), 404)
    body(client, door(ada, Paper(pk=999)), 404)
    preferences = link_tokens.make_token(Purpose.PREFERENCES, ada)
    body(client, f"/digests/{preferences}/papers/{memory.pk}/", 404)
    for purpose in (Purpose.DIGEST, Purpose.OPINION):
        own = link_tokens.make_token(purpose, ada, (7).to_bytes(8))
        body(client, f"/preferences/{own}/learnt/", 404)
        body(client, f"/preferences/{own}/reading-list/", 404)
    Paper.objects.update(is_hidden=True)
    body(client, good, 404)


def test_a_forwarded_link_does_not_open_it(client: Client, ada: Subscriber, edition: Edition) -> None:
    """“Read in the browser” shows the digest, and its token opens nothing else."""
    paper = edition.papers.all()[0]
    sent(ada, edition, paper)
    passed_on = address(ada, edition, paper, Purpose.DIGEST)
    body(client, passed_on, 404)
    press(client, passed_on, 404, opinion="not-for-me")
    assert not Opinion.objects.exists()
    own = link_tokens.make_token(Purpose.OPINION, ada, edition.pk.to_bytes(8))
    body(client, f"/digests/{own}/", 404)


def test_it_opens_only_for_papers_of_the_digest(client: Client, ada: Subscriber, edition: Edition) -> None:
    """Other papers would show what the reader follows."""
    held, other, _ = edition.papers.all()
    sent(ada, edition, held)
    body(client, address(ada, edition, held))
    body(client, address(ada, edition, other), 404)
    press(client, address(ada, edition, other), 404, opinion="like")


@pytest.mark.parametrize(("frequency", "status"), [("daily", 404), ("weekly", 200)])
def test_it_opens_for_all_candidates_if_the_digest_has_no_record(
    client: Client, ada: Subscriber, edition: Edition, frequency: str, status: int
) -> None:
    """The digest may have arrived although it is uncertain, and records are deleted after a while."""
    Subscriber.objects.update(frequency=frequency)
    Delivery.objects.create(
        edition=edition, subscriber=ada, queued_at=NOW, not_before=NOW, status="uncertain", reason="a power cut"
    )
    before = Edition.objects.create(day=TODAY - dt.timedelta(days=2), published_at=NOW)
    body(client, address(ada, edition, edition.papers.all()[0]))
    body(client, address(ada, edition, make_paper(8, "Two Days Ago", edition=before)), status)
    body(client, address(ada, edition, make_paper(9, "In No Edition")), 404)
    body(client, address(ada, Edition(pk=99), edition.papers.all()[0]), 404)


@pytest.mark.parametrize(
    ("status", "answer"), [("active", 200), ("paused", 200), ("unsubscribed", 404), ("suppressed", 404)]
)
def test_it_shows_nothing_about_a_reader_who_has_left(
    client: Client, ada: Subscriber, memory: Paper, status: str, answer: int
) -> None:
    path = door(ada, memory)
    Subscriber.objects.update(status=status, paused_until=TODAY)
    assert ("Agents”" in body(client, path, answer)) == (answer == 200)
    press(client, path, 302 if answer == 200 else 404, opinion="like")
    assert Opinion.objects.exists() == (answer == 200)


def test_it_gives_no_reason_if_it_knows_none(client: Client, ada: Subscriber) -> None:
    page = body(client, door(ada, make_paper(4, "Cooking")))
    assert "Why this paper?" not in page
    assert "top-voted" not in page
    assert "brings similar papers" in page


@pytest.mark.parametrize("frequency", ["daily", "weekly"])
@pytest.mark.parametrize("kept", [{"trending": [[0, 9]]}, {"for_you": [[0, 9, ["", "votes", "9", "votes"]]]}])
def test_it_says_that_votes_brought_a_paper_whatever_the_reader_follows_now(
    client: Client, ada: Subscriber, frequency: str, kept: dict[str, list[list[Any]]]
) -> None:
    paper = make_paper(4, "Cooking")
    path = door(ada, paper)
    for entry in (entry for entries in kept.values() for entry in entries):
        entry[0] = paper.pk
    record = {"for_you": [], "trending": [], "frequency": frequency} | kept
    sent(ada, Edition.objects.get())
    Delivery.objects.update(papers=record)
    period = {"daily": "day", "weekly": "week"}[frequency]
    assert f"It was among the top-voted papers of that {period}." in body(client, path)


def test_a_digest_for_a_reader_without_filters_holds_the_top_voted(client: Client, memory: Paper) -> None:
    page = body(client, door(make_reader("nobody@example.org"), memory))
    assert "It was among the top-voted papers of that day." in page


@pytest.mark.parametrize("asked", ["like", "save", "not-for-me"])
def test_the_page_has_one_button_for_what_the_link_asks(
    client: Client, ada: Subscriber, memory: Paper, asked: str
) -> None:
    path = door(ada, memory)
    assert body(client, path + f"?opinion={asked}").count(f'name="opinion" value="{asked}"') == 1
    assert body(client, path).count(f'name="opinion" value="{asked}"') == 1


def test_it_shows_what_was_learnt_and_forgets_it(client: Client, ada: Subscriber, memory: Paper, sea: Paper) -> None:
    path = settings_of(ada, "learnt/")
    assert "Nothing yet" in body(client, path)
    rate(ada, memory, "like", now=NOW)
    rate(ada, sea, "not-for-me", now=LATER)
    rate(ada, sea, "fewer", "agents", now=NOW)
    reading_list.save(ada, make_paper(5, "Robots at Home"), now=LATER + LATER_STILL)
    reading_list.save(ada, memory, now=NOW)
    page = " ".join(body(client, path).partition("<main")[2].split())
    assert re.findall(r'<a href="/papers/[^>]+>([^<]+)</a> <div class="by taught"> <span>([^<]+)</span>', page) == [
        ("Robots at Home", "You saved it"),
        ("Agents at Sea", "Not for you"),
        ("Agents with Memory", "You liked it · You saved it"),
    ]
    assert "at most 5 of the 10 places" in page
    for nonsense in ("", "nonsense", "\x00", "x" * 5_000):
        press(client, path, filter=nonsense)
    assert "Forgotten" not in page
    assert "Forgotten. It learns again" in press_through(client, path, filter="agents")
    page = press_through(client, path, filter=profiles.LIKES_KEY)
    assert "Forgotten. It learns again" in page
    assert page.count("no longer counts") == 3
    assert reading_list.is_saved(ada, memory)


def test_a_dismissed_paper_teaches_one_way_though_it_is_saved(client: Client, ada: Subscriber, sea: Paper) -> None:
    reading_list.save(ada, sea, now=NOW)
    rate(ada, sea, "not-for-me", now=LATER)
    (taught,) = learned_from(ada).taught
    assert (taught.verdict, taught.is_saved) == ("not-for-me", False)
    assert LearnedLikes.objects.get().examples == []
    page = body(client, settings_of(ada, "learnt/"))
    assert "<span>Not for you</span>" in page


def test_a_saved_paper_can_be_taken_back_on_the_page(client: Client, ada: Subscriber, memory: Paper) -> None:
    reading_list.save(ada, memory, now=NOW)
    assert "Taken back." in press_through(client, settings_of(ada, "learnt/"), saved=str(memory.pk))
    assert not reading_list.is_saved(ada, memory)
    assert not LearnedLikes.objects.exists()


def test_likes_can_be_switched_off_and_on_again(client: Client, ada: Subscriber, memory: Paper) -> None:
    path = settings_of(ada, "learnt/")
    rate(ada, memory, "like", now=NOW)
    assert "Your digests don’t bring papers close to" in press_through(client, path, follow="no")
    ada.refresh_from_db()
    assert profiles.profile_of(ada).likes is None
    assert "Your digests bring papers close to" in press_through(client, path, follow="yes")
    assert profiles.profile_of(ada).likes is not None


def test_a_rating_can_be_undone_on_the_page_of_what_was_learned(client: Client, ada: Subscriber, memory: Paper) -> None:
    rate(ada, memory, "like", now=NOW)
    press(client, settings_of(ada, "learnt/"), rating=str(memory.pk))
    assert not Opinion.objects.exists()


def test_it_shows_the_papers_that_hold_a_topic_back(client: Client, ada: Subscriber, sea: Paper) -> None:
    rate(ada, sea, "fewer", "agents", now=NOW)
    page = body(client, settings_of(ada, "learnt/"))
    assert "You asked for fewer papers" in page
    assert "Agents at Sea" in page


def test_it_shows_and_exports_the_reading_list(client: Client, ada: Subscriber, memory: Paper) -> None:
    path = settings_of(ada, "reading-list/")
    assert "Nothing yet" in body(client, path)
    reading_list.save(ada, memory, now=NOW)
    assert "Agents with Memory" in body(client, path)
    bib, ris = client.get(path[:-1] + ".bib"), client.get(path[:-1] + ".ris")
    assert "@misc{hopper" in bib.content.decode()
    assert bib["Content-Disposition"] == 'attachment; filename="reading-list.bib"'
    assert bib["X-Robots-Tag"] == ris["X-Robots-Tag"] == "noindex"
    assert "TI  - Agents with Memory" in ris.content.decode()
    assert "Removed from your list." in press_through(client, path, paper=str(memory.pk))
    assert "Nothing yet" in body(client, path)
    press(client, path, restore=str(memory.pk))
    assert "Agents with Memory" in body(client, path)
    for nonsense in ("x", "", "\x00", "9" * 30, "9" * 5_000):
        press(client, path, 404, paper=nonsense)


def test_it_shows_hostile_text_as_text(client: Client, ada: Subscriber) -> None:
    hostile = make_paper(5, "Agents <script>alert(1)</script>", authors=["<img src=x>"], abstract="<script>x</script>")
    rate(ada, hostile, "like", now=NOW)
    for path in (door(ada, hostile), settings_of(ada, "learnt/"), settings_of(ada, "reading-list/")):
        assert "<script>" not in body(client, path)
        assert "<img src=x" not in body(client, path)


@pytest.mark.parametrize("opinion", ["like", "not-for-me", "save"])
def test_scanners_that_open_a_link_change_nothing(client: Client, ada: Subscriber, memory: Paper, opinion: str) -> None:
    path = f"{door(ada, memory)}?opinion={opinion}"
    for _number in range(3):
        assert client.get(path).status_code == client.head(path).status_code == 200
        assert client.options(path).status_code in (200, 405)
    assert not Opinion.objects.exists()
    assert not reading_list.is_saved(ada, memory)


def test_the_page_leads_back_to_the_digest_and_shows_all_evidence(
    client: Client, ada: Subscriber, edition: Edition
) -> None:
    paper = edition.papers.all()[0]
    sent(ada, edition, paper)
    finding = ["Agents", "phrase", "tool use", "abstract", "phrase", "planning", "title"]
    record = {"for_you": [[paper.pk, 3, finding]], "trending": [], "more": 0, "of": 1}
    Delivery.objects.update(papers=record | {"frequency": "daily", "language": "en"})
    page = body(client, address(ada, edition, paper))
    assert "Why this paper?" in page
    assert "“tool use” in the abstract" in page
    assert "“planning” in the title" in page
    back = re.search(r'href="(/digests/[^/"]+/)"', page)
    assert back
    assert paper.title in body(client, back[1])


def test_the_reasons_for_a_paper_take_the_same_queries_for_any_number_of_topics(
    ada: Subscriber, django_assert_max_num_queries: Any
) -> None:
    paper = make_paper(1, "Agents that remember")
    for number in range(40):
        topic = Topic.objects.create(slug=f"t{number}", name=f"Topic {number}", group="G", phrases=["remember"])
        ada.filters.create(topic=topic)
    with django_assert_max_num_queries(25):
        reasons = feedback.reasons_for(Subscriber.objects.get(pk=ada.pk), paper, 0)
    assert len(reasons.filters) > 40
    assert len(reasons.evidence) > 40
