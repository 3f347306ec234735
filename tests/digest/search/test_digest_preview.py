"""Previews of digests from the last editions."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from digest import papers
from digest.editions import candidates, publication
from digest.matching.assembly import text_of
from digest.models import Edition, Paper, Source, Vector
from digest.opinions import feedback
from digest.personalization import embeddings, paper_index, profiles
from digest.personalization.digest_selection import compose
from digest.search import index_cache
from digest.search.digest_preview import preview
from subscriptions.models import Topic
from subscriptions.query.grammar import FilterError
from subscriptions.readers.preferences import Preferences
from subscriptions.security.link_tokens import Purpose, make_token
from tests.conftest import NOW, TODAY, make_reader, make_record


@pytest.fixture
def week(hugging_face: Source) -> None:
    """Nine editions, each with a paper on agents and one on something else."""
    for back in range(9):
        day = TODAY - dt.timedelta(days=back)
        records = [
            make_record(f"2608.{back:02}001", f"Agents of Day {back}", day=day, votes=9),
            make_record(f"2608.{back:02}002", f"Cooking on Day {back}", day=day, votes=back),
        ]
        papers.ingest(hugging_face, records, day)
        publication.publish(day, now=NOW)


@pytest.mark.usefixtures("week")
def test_it_composes_the_last_seven_editions() -> None:
    found = preview(Preferences(words="agents"))
    assert [digest.day for digest in found.digests] == [TODAY - dt.timedelta(days=back) for back in range(7)]
    assert (found.papers, found.of_how_many, found.papers_per_digest) == (7, 14, 1)
    assert [m.paper.title for m in found.digests[0].for_you] == ["Agents of Day 0"]
    assert found.digests[0].for_you[0].reasons[0].found == "Agents"


@pytest.mark.usefixtures("week")
def test_it_composes_one_weekly_digest_as_it_is_delivered() -> None:
    reader = make_reader("w@example.org", words="agents", frequency="weekly", max_papers=3)
    found = preview(Preferences(words="agents", frequency="weekly", max_papers=3), reader)
    newest = Edition.objects.get(day=TODAY)
    index = paper_index.build_index(candidates.papers(newest, candidates.weekly_cutoff(newest, reader)))
    (digest,) = found.digests
    delivered = compose(index, profiles.profile_of(reader), TODAY)
    assert [(m.paper, m.score) for m in digest.for_you] == [(m.paper, m.score) for m in delivered.for_you]
    assert (found.papers, found.of_how_many, found.papers_per_digest, digest.more) == (3, 14, 3, 4)


@pytest.mark.usefixtures("week")
def test_it_keeps_the_week_until_an_edition_changes() -> None:
    before = index_cache.last_week()
    assert index_cache.last_week() is before
    Paper.objects.filter(title="Agents of Day 3").update(is_hidden=True)
    assert preview(Preferences(words="agents", frequency="weekly")).of_how_many == 13
    Edition.objects.all().delete()
    assert preview(Preferences(frequency="weekly")).digests == ()


@pytest.mark.usefixtures("week")
def test_it_tells_a_weekly_reader_of_a_week(client: Client) -> None:
    page = ask(client, words="agents", frequency="weekly", max_papers="3").content.decode()
    assert "About <strong>3 papers a week</strong>" in page
    assert "You’d have received 3 of last week’s 14 papers." in page
    assert "The week to 20 August 2026" in page
    assert "a day" not in page
    nothing = ask(client, words="submarines", frequency="weekly").content.decode()
    assert "from last week’s 14 papers" in nothing


@pytest.mark.usefixtures("week")
def test_it_shows_the_most_voted_to_who_follows_nothing() -> None:
    found = preview(Preferences(max_papers=1))
    assert not found.follows_something
    assert [m.paper.title for m in found.digests[6].for_you] == ["Agents of Day 6"]


@pytest.mark.usefixtures("week")
def test_it_counts_less_than_a_paper_a_day() -> None:
    found = preview(Preferences(words='"agents of day 1", submarines'))
    assert (found.papers, found.papers_per_digest) == (1, 0)
    assert [(advice.kind, advice.about) for advice in found.advice] == [("no_phrase", "submarines")]


@pytest.mark.usefixtures("week")
def test_it_knows_what_was_learnt_from_a_reader() -> None:
    reader = make_reader("r@example.org", words="agents, cooking")
    preferences = Preferences(words="agents, cooking")
    assert [m.paper.title[:7] for m in preview(preferences, reader).digests[0].for_you] == ["Agents ", "Cooking"]
    for title, verdict in (("Cooking on Day 1", "like"), ("Agents of Day 1", "not-for-me")):
        feedback.rate(reader, Paper.objects.get(title=title), verdict, now=NOW)
    assert [m.paper.title[:7] for m in preview(preferences, reader).digests[0].for_you] == ["Cooking", "Agents "]
    assert [m.paper.title[:7] for m in preview(preferences).digests[0].for_you] == ["Agents ", "Cooking"]


def test_it_has_no_advice_before_the_first_edition(db: None) -> None:
    found = preview(Preferences(words="agents"))
    assert (found.digests, found.advice, found.papers, found.papers_per_digest) == ((), (), 0, 0)


def test_it_refuses_words_that_cannot_be_read(db: None) -> None:
    with pytest.raises(FilterError):
        preview(Preferences(words='"open'))


@pytest.mark.usefixtures("week")
def test_it_keeps_an_index_until_its_edition_changes(django_assert_num_queries: Any) -> None:
    before = index_cache.last()
    with django_assert_num_queries(3):
        assert index_cache.last() is before
    Paper.objects.filter(title="Agents of Day 3").update(is_hidden=True)
    after = index_cache.last()
    assert [old is new for old, new in zip(before.indexes, after.indexes, strict=True)] == [True] * 3 + [False] + [
        True
    ] * 3
    assert preview(Preferences(words="agents")).papers == 6


@pytest.mark.usefixtures("week")
@pytest.mark.parametrize("change", [{"votes": 99}, {"is_pinned": True}, {"title": "Gardening"}, {"abstract": "New."}])
def test_it_sees_what_changes_in_a_paper(change: dict[str, Any]) -> None:
    before = index_cache.last()
    Paper.objects.filter(title="Cooking on Day 0").update(**change)
    assert index_cache.last() is not before


@pytest.mark.usefixtures("week")
def test_it_sees_a_topic_that_is_edited() -> None:
    topic = Topic.objects.create(slug="cooking", name="Cooking", group="Home", phrases=["cooking"])
    before = index_cache.last()
    Topic.objects.filter(pk=topic.pk).update(phrases=["baking"])
    assert index_cache.last() is not before


@pytest.fixture
def by_meaning(settings: Any) -> Iterator[None]:
    settings.MATCH_BY_MEANING = True
    embeddings.is_available.cache_clear()
    yield
    embeddings.is_available.cache_clear()


@pytest.mark.usefixtures("by_meaning", "week")
def test_it_takes_in_meaning_once_vectors_are_worked_out(django_assert_num_queries: Any) -> None:
    Vector.objects.all().delete()
    assert [index.corpus.embedding_space for index in index_cache.last().indexes] == [None] * 7
    found = list(Paper.objects.all())
    embeddings.of_texts(map(text_of, found[:-1]), embeddings.Kind.PAPER)
    half = index_cache.last()
    assert all(index.corpus.embedding_space for index in half.indexes)
    embeddings.of_texts(["Something else"], embeddings.Kind.ASKED)
    assert index_cache.last() is half
    embeddings.of_texts(map(text_of, found), embeddings.Kind.PAPER)
    whole = index_cache.last()
    assert [index.waiting for index in (*half.indexes, *whole.indexes) if index.waiting] == [1]
    with django_assert_num_queries(4):
        assert index_cache.last() is whole


@pytest.mark.usefixtures("week")
def test_it_sees_a_new_edition_at_once(hugging_face: Source) -> None:
    tomorrow = TODAY + dt.timedelta(days=1)
    papers.ingest(hugging_face, [make_record("2608.99001", "Agents Tomorrow", day=tomorrow)], tomorrow)
    publication.publish(tomorrow, now=NOW)
    assert preview(Preferences(words="agents")).digests[0].for_you[0].paper.title == "Agents Tomorrow"


def ask(client: Client, *, htmx: bool = True, method: str = "post", **given: Any) -> Any:
    headers = {"HX-Request": "true"} if htmx else {}
    response = getattr(client, method)("/subscribe/preview/", given, headers=headers)
    assert response.status_code == 200
    assert not response.cookies
    return response


@pytest.mark.usefixtures("week")
@pytest.mark.parametrize("method", ["get", "post"])
def test_it_answers_htmx_with_the_fragment_alone(client: Client, method: str) -> None:
    response = ask(client, method=method, words="agents")
    page = response.content.decode()
    assert "<html" not in page
    assert "About <strong>1 paper a day</strong>" in page
    assert "7 of the last 14 papers" in page
    assert 'href="/papers/arxiv:2608.00001/"' in page
    assert "Because you follow <b>“agents”</b>" in page
    assert "HX-Request" in response["Vary"]
    assert "no-store" in response["Cache-Control"]


@pytest.mark.usefixtures("week")
def test_it_previews_ticked_topics_and_minds_no_other_field(client: Client) -> None:
    Topic.objects.create(slug="cooking", name="Cooking", group="Home", phrases=["cooking"])
    page = ask(client, topics=["cooking"], time_zone="Nowhere", send_hour="x", email="no address").content.decode()
    assert "Cooking on Day 0" in page
    assert "Agents" not in page


@pytest.mark.usefixtures("week")
def test_it_shows_the_whole_form_as_it_was_filled_in_to_who_has_no_script(client: Client) -> None:
    Topic.objects.create(slug="cooking", name="Cooking", group="Home", phrases=["cooking"])
    page = ask(client, htmx=False, topics=["cooking"], words="agents", email="ada@example.org", send_hour="9")
    page = page.content.decode()
    assert "<html" in page
    assert 'value="cooking" checked' in page
    assert 'value="ada@example.org"' in page
    assert 'value="9" selected' in page
    assert "Agents of Day 0" in page
    assert 'class="error"' not in page


@pytest.mark.usefixtures("week")
@pytest.mark.parametrize("htmx", [True, False])
def test_it_previews_settings_in_the_readers_language_and_saves_nothing(client: Client, htmx: bool) -> None:
    cooking = Topic.objects.create(slug="cooking", name="Cooking", group="Home", phrases=["cooking"], is_offered=False)
    reader = make_reader("ada@example.org", topics=[cooking], language="de")
    address = reverse("digest:preview_of_settings", args=[make_token(Purpose.PREFERENCES, reader)])
    headers = {"HX-Request": "true"} if htmx else {}
    page = client.post(address, {"topics": ["cooking"], "words": "agents"}, headers=headers).content.decode()
    assert "2 Papers am Tag" in page
    assert "Cooking on Day 0" in page  # no longer offered, but still followed
    assert ("<html" not in page) if htmx else ("<h1>Einstellungen</h1>" in page)
    assert htmx or f'formaction="{address}#preview-heading"' in page
    assert [str(each) for each in reader.filters.all()] == ["Cooking"]


@pytest.mark.usefixtures("week")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"words": '"open'}, "quotes must open and close"),
        ({"topics": ["nowhere"]}, "is not a topic"),
        ({"max_papers": "99"}, "from 1 to 25"),
        ({"words": "submarines"}, "“submarines” appears in none of these papers."),
        ({"words": "agnets"}, "“agents” (in 7 papers)"),
        ({"words": "agents, -agents"}, "are excluded by “agents”"),
        ({"words": "author:Nobody"}, "No recent papers by Nobody"),
        ({"words": "cat:q-bio.*"}, "None of these papers is in the category q-bio.*"),
        ({"words": "day", "max_papers": "1"}, "1 of 2 that match"),
        ({"words": "day", "max_papers": "1"}, "A narrower phrase"),
        (
            {"topics": ["day"], "max_papers": "1"},
            "A narrower topic or “Only close matches” comes closer to what you want",
        ),
        ({"topics": ["day"], "max_papers": "1", "amount": "fewer"}, "A narrower topic comes closer to what you want."),
        ({"topics": ["cooking"], "words": "votes:200"}, "7 papers match but have fewer than 200 votes."),
        ({"topics": ["cooking"], "words": "-cooking, votes:200"}, "7 papers would match without “votes:” and the mi"),
        ({"words": "votes:200"}, "None of these papers has 200 votes: the most that one has is 9."),
        ({"topics": ["knitting"]}, "The broader topic “Home” finds 7 papers."),
        ({"topics": ["sailing"]}, "Such papers are rare. You get an email when there is one"),
        ({"words": "about: the tides of the sea"}, "Such papers are rare."),
        ({}, "You don’t follow any topics yet"),
        ({"max_papers": "1"}, "Top 1"),
    ],
)
def test_it_says_what_is_the_matter(client: Client, given: dict[str, Any], said: str) -> None:
    for slug in ("cooking", "knitting", "sailing", "day"):
        Topic.objects.create(slug=slug, name=slug.title(), group="Home", phrases=[slug])
    Topic.objects.create(slug="home", name="Home", group="Home", narrower=["cooking", "knitting"])
    assert said in ask(client, **given).content.decode()


def test_it_says_that_there_is_no_edition_yet(client: Client, db: None) -> None:
    assert "There are no editions yet" in ask(client).content.decode()


@pytest.mark.usefixtures("week")
def test_it_shows_hostile_words_as_text(client: Client) -> None:
    page = ask(client, words="<script>alert(1)</script>").content.decode()
    assert "<script>" not in page


def test_it_takes_no_other_method(client: Client, db: None) -> None:
    assert client.put("/subscribe/preview/").status_code == 405


def test_it_hides_papers_that_are_hidden(client: Client, edition: Edition) -> None:
    Paper.objects.update(is_hidden=True)
    assert preview(Preferences()).papers == 0
