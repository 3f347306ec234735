"""The buttons of a signed-in reader: save, like, not for me, follow, and their undo."""

import html
import re
from itertools import chain, repeat
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from digest.editions import publication
from digest.models import Edition, Opinion, Paper, SavedPaper
from digest.opinions import reading_list
from digest.papers import topic_assignment
from digest.search import reader_digest, similar_papers
from digest.site.reader_state import ReaderState
from digest.views import for_you
from subscriptions.models import Mark, Subscriber, Topic, TopicFilter
from subscriptions.security import abuse_limits
from tests.conftest import NOW
from tests.subscriptions.security.test_reader_session import sign_in

pytestmark = pytest.mark.usefixtures("now")

FETCH = {"X-Requested-With": "fetch"}


@pytest.fixture
def paper(edition: Edition) -> Paper:
    return Paper.objects.get(key="arxiv:2608.00002")


@pytest.fixture
def reader_client(client: Client, alice: Subscriber) -> Client:
    sign_in(client, alice)
    return client


def act(client: Client, do: str, back: str = "/topics/") -> str:
    """Press a button without script; return the page that follows."""
    response = client.post("/actions/", {"do": do, "back": back})
    assert response.status_code == 302
    assert response["Location"] == back
    return client.get(back).text


def test_saving_shows_a_message_with_undo_on_the_page_it_came_from(reader_client: Client, paper: Paper) -> None:
    page = act(reader_client, f"save {paper.pk}")
    assert "Saved to your list." in page
    assert f'value="unsave {paper.pk}"' in page
    assert SavedPaper.objects.get().paper == paper
    act(reader_client, f"unsave {paper.pk}")
    assert not reading_list.find(Subscriber.objects.get()).exists()


def test_cards_mark_the_topic_that_the_reader_follows(
    reader_client: Client, alice: Subscriber, edition: Edition, learning: Topic, vision: Topic
) -> None:
    topic_assignment.assign_topics(edition)
    alice.filters.all().delete()
    assert 'class="followed"' not in reader_client.get("/").text
    area = Topic.objects.create(slug="methods", name="Methods", group="Methods", narrower=["learning"])
    for topic in (learning, area):  # an area includes its topics
        TopicFilter.objects.filter(subscriber=alice).delete()
        TopicFilter.objects.create(subscriber=alice, topic=topic)
        marked = re.findall(r'class="followed" title="([^"]*)" href="[^"]*topic=([^"]*)"', reader_client.get("/").text)
        assert set(marked) == {("You follow Learning", "learning")}


@pytest.mark.parametrize(
    ("query", "follow"),
    [
        ("diffusion", "phrase diffusion"),
        ('"tool use"', "phrase tool use"),
        ("author:Ada Lovelace", "author Ada Lovelace"),
        ("zebrafish", "phrase zebrafish"),
        ("diffusion, -survey", ""),
        ("cat:cs.CL", ""),
    ],
)
def test_a_search_is_followed_by_one_press_if_it_is_one_phrase_or_author(
    reader_client: Client, alice: Subscriber, edition: Edition, query: str, follow: str
) -> None:
    alice.filters.all().delete()
    page = reader_client.get("/search", {"q": query}).text
    assert "/subscribe/?words=" not in page
    assert re.findall(r'name="do" value="follow ([^"]*)"', page) == [follow] * bool(follow)
    if follow:
        act(reader_client, f"follow {follow}")
        assert "Following" in reader_client.get("/search", {"q": query}).text
    else:
        assert "/preferences/#words" in page


def test_undoing_a_removal_brings_tags_and_note_back(reader_client: Client, alice: Subscriber, paper: Paper) -> None:
    act(reader_client, f"save {paper.pk}")
    reading_list.annotate(alice, paper, "diffusion, to read", "Compare with ours.")
    act(reader_client, f"unsave {paper.pk}")
    act(reader_client, f"save {paper.pk}")
    row = reading_list.find(alice).get()
    assert (row.tags, row.note) == (["diffusion", "to read"], "Compare with ours.")


def test_a_save_is_no_like(reader_client: Client, paper: Paper) -> None:
    act(reader_client, f"save {paper.pk}")
    assert not Opinion.objects.exists()


def test_a_saved_paper_that_is_dismissed_stays_on_the_list_with_its_note(
    reader_client: Client, alice: Subscriber, paper: Paper
) -> None:
    act(reader_client, f"save {paper.pk}")
    reading_list.annotate(alice, paper, "", "Compare with ours.")
    assert "fewer papers like this. It stays on your list." in act(reader_client, f"not-for-me {paper.pk}")
    assert reading_list.find(alice).get().note == "Compare with ours."


@pytest.mark.parametrize("path", ["/", "/weeks/2026-W34/", "/authors/ada-lovelace/"])
def test_a_dismissed_paper_is_folded_at_the_end_of_lists(reader_client: Client, paper: Paper, path: str) -> None:
    Paper.objects.update(authors=["Ada Lovelace"])
    Subscriber.objects.get().filters.all().delete()
    assert 'class="folded"' not in reader_client.get(path).text
    act(reader_client, f"not-for-me {paper.pk}")
    listed, _, folded = reader_client.get(path).text.partition('<details class="folded">')
    assert "One paper hidden" in folded
    assert f'data-actions="{paper.pk}"' in folded
    assert f'data-actions="{paper.pk}"' not in listed


def test_the_next_paper_leads_when_the_first_is_dismissed(reader_client: Client, edition: Edition) -> None:
    first, second = publication.papers_as_shown(edition)[:2]
    act(reader_client, f"not-for-me {first.pk}")
    leading = reader_client.get("/").text.partition('class="leading"')[2].partition("</article>")[0]
    assert f'data-actions="{second.pk}"' in leading


def test_the_newest_edition_begins_with_the_papers_for_the_reader(
    reader_client: Client, alice: Subscriber, edition: Edition
) -> None:
    section = reader_client.get("/").text.partition('class="for-reader"')[2].partition("</section>")[0]
    matches = reader_digest.by_interest(alice, edition)
    assert matches
    assert [match.paper.title in section for match in matches[:3]] == [True] * len(matches[:3])
    assert 'class="for-reader"' not in reader_client.get("/?view=compact").text
    assert 'class="for-reader"' not in Client().get("/").text


def test_papers_that_are_merely_popular_are_not_called_for_the_reader(
    reader_client: Client, alice: Subscriber, edition: Edition
) -> None:
    alice.filters.all().delete()
    assert 'class="for-reader"' not in reader_client.get("/").text


def test_merely_popular_papers_come_after_those_for_the_reader_and_do_not_count_as_matches(
    reader_client: Client, alice: Subscriber, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.filters.all().delete()
    found_by_likes = chain([False, True], repeat(False))  # the second paper only
    monkeypatch.setattr(for_you, "is_by_interest", lambda _findings: next(found_by_likes))
    page = reader_client.get("/for-you/").text
    first, second = publication.papers_as_shown(edition)[:2]
    matching, _, popular = page.partition("The top-voted papers")
    assert "1 of " in matching
    assert f'data-actions="{second.pk}"' in matching
    assert f'data-actions="{first.pk}"' in popular


@pytest.mark.parametrize("path", ["/search?q=diffusion", "/authors/ada-lovelace/"])
def test_a_dismissed_paper_keeps_its_place_where_it_was_asked_for(
    reader_client: Client, paper: Paper, path: str
) -> None:
    """The reader searches, or follows the author."""
    Paper.objects.update(authors=["Ada Lovelace"], title="Diffusion")
    act(reader_client, f"not-for-me {paper.pk}")
    page = reader_client.get(path).text
    assert 'class="folded"' not in page
    assert '<ol class="papers in-place"' in page


def test_no_similar_papers_are_shown_for_a_dismissed_one(
    reader_client: Client, paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    Paper.objects.filter(pk=paper.pk).update(authors=["Grace Hopper"])
    others = list(Paper.objects.exclude(pk=paper.pk))
    monkeypatch.setattr(similar_papers, "similar", lambda *_given: others)
    assert "Similar papers" in reader_client.get("/authors/grace-hopper/").text
    act(reader_client, f"not-for-me {paper.pk}")
    assert "Similar papers" not in reader_client.get("/authors/grace-hopper/").text


def test_the_undo_of_a_like_restores_the_rating_before(reader_client: Client, paper: Paper) -> None:
    assert "Got it: fewer papers like this." in act(reader_client, f"not-for-me {paper.pk}")
    page = act(reader_client, f"like {paper.pk}")
    assert f'value="not-for-me {paper.pk}"' in page
    assert Opinion.objects.get().verdict == "like"
    act(reader_client, f"clear {paper.pk}")
    assert not Opinion.objects.exists()


def test_the_undo_of_a_first_like_removes_the_rating(reader_client: Client, paper: Paper) -> None:
    assert f'value="clear {paper.pk}"' in act(reader_client, f"like {paper.pk}").partition('id="done"')[2]
    assert "Rating removed." in act(reader_client, f"clear {paper.pk}")


def test_following_takes_one_press_and_its_undo_removes_only_that(
    reader_client: Client, alice: Subscriber, vision: Topic
) -> None:
    before = set(alice.filters.values_list("topic__slug", "words"))
    page = act(reader_client, "follow topic vision")
    assert 'value="unfollow topic vision"' in page
    assert alice.filters.filter(topic=vision).exists()
    act(reader_client, "follow author Barbara Liskov")
    act(reader_client, "follow phrase world models")
    act(reader_client, "unfollow author Barbara Liskov")
    act(reader_client, "unfollow phrase world models")
    act(reader_client, "unfollow topic vision")
    assert set(alice.filters.values_list("topic__slug", "words")) == before


@pytest.mark.parametrize(
    "name",
    [
        'Ada "Countess" Lovelace',
        "“Grace” Hopper",
        "Lovelace, Ada",
        "Zoë Ångström",
        "李 飞飞",
        "O’Neil",
        "-Ada",
        "a: b; c",
    ],
)
@pytest.mark.parametrize("kind", ["author", "phrase"])
def test_what_is_followed_can_be_unfollowed_however_it_is_written(
    reader_client: Client, alice: Subscriber, kind: str, name: str
) -> None:
    before = set(alice.filters.values_list("topic__slug", "words"))
    shown = f"“{name}”" if kind == "phrase" else name
    assert f"You now follow {shown}, starting with your next digest." in html.unescape(
        act(reader_client, f"follow {kind} {name}")
    )
    state = ReaderState(alice)
    assert state.follows(kind, name)
    assert f"You no longer follow {shown}." in html.unescape(act(reader_client, f"unfollow {kind} {name}"))
    assert set(alice.filters.values_list("topic__slug", "words")) == before


def test_presses_beyond_the_limit_change_nothing(reader_client: Client, alice: Subscriber, paper: Paper) -> None:
    limit = abuse_limits.action_limit(alice.uid)
    Mark.objects.bulk_create(Mark(key=limit.key, made_at=NOW) for _ in range(limit.rates[0][0]))
    assert "Wait a few minutes" in act(reader_client, f"save {paper.pk}")
    answer = reader_client.post("/actions/", {"do": f"save {paper.pk}"}, headers=FETCH)
    assert (answer.status_code, answer.json()["message"][:10]) == (429, "That was a")
    assert not SavedPaper.objects.exists()


def test_unfollowing_removes_a_term_from_the_readers_own_words(reader_client: Client, alice: Subscriber) -> None:
    act(reader_client, "unfollow author Ada Lovelace")
    assert alice.filters.get(topic=None).words == "diffusion\n-survey"


def test_following_twice_changes_nothing(reader_client: Client, alice: Subscriber) -> None:
    act(reader_client, "follow author ada lovelace")
    assert alice.filters.filter(topic=None).count() == 1


def test_a_filter_that_the_form_would_refuse_is_refused_with_its_reason(
    reader_client: Client, alice: Subscriber
) -> None:
    TopicFilter.objects.filter(topic=None).delete()
    for number in range(50):
        TopicFilter.objects.create(subscriber=alice, words=f"phrase {number}")
    assert "at most 50" in act(reader_client, "follow phrase one more")


def test_scripts_get_the_message_the_undo_and_the_changed_buttons(reader_client: Client, paper: Paper) -> None:
    answer = reader_client.post("/actions/", {"do": f"save {paper.pk}"}, headers=FETCH).json()
    assert (answer["message"], answer["undo"]) == ("Saved to your list.", f"unsave {paper.pk}")
    assert re.search(f'value="unsave {paper.pk}" aria-pressed="true"', answer["html"])


@pytest.mark.parametrize(
    "do", ["", "save", "save x", "save 99999999999999999999", "like ²", "erase 1", "follow x y", "follow topic"]
)
def test_an_unknown_action_is_not_found(reader_client: Client, do: str) -> None:
    assert reader_client.post("/actions/", {"do": do}).status_code == 404


@pytest.mark.parametrize(
    "back", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:1", "", "///x"]
)
def test_it_returns_to_no_other_site(reader_client: Client, paper: Paper, back: str) -> None:
    assert reader_client.post("/actions/", {"do": f"save {paper.pk}", "back": back})["Location"] == "/"


def test_a_stranger_changes_nothing(client: Client, paper: Paper) -> None:
    assert client.post("/actions/", {"do": f"save {paper.pk}"}).status_code == 302
    assert client.post("/actions/", {"do": f"save {paper.pk}"}, headers=FETCH).status_code == 401
    assert not SavedPaper.objects.exists()


def test_another_site_can_not_press_a_button(alice: Subscriber, paper: Paper) -> None:
    victim = Client(enforce_csrf_checks=True)
    sign_in(victim, alice)
    token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', victim.get("/").text)[1]  # type: ignore[index]
    body = {"do": f"save {paper.pk}"}
    assert victim.post("/actions/", body).status_code == 403
    with_token = body | {"csrfmiddlewaretoken": token}
    assert victim.post("/actions/", with_token, headers={"Origin": "https://evil.example"}).status_code == 403
    assert not SavedPaper.objects.exists()
    assert victim.post("/actions/", with_token, headers={"Origin": "http://testserver"}).status_code == 302
    assert SavedPaper.objects.exists()


def test_a_get_changes_nothing(reader_client: Client, paper: Paper) -> None:
    assert reader_client.get(f"/actions/?do=save+{paper.pk}").status_code == 405


@pytest.mark.parametrize(("path", "more"), [("/", 11), ("/search?q=diffusion", 5), ("/papers/arxiv:2608.00001/", 12)])
def test_a_page_of_papers_takes_few_more_queries_for_a_reader(
    alice: Subscriber, edition: Edition, path: str, more: int, django_assert_max_num_queries: Any
) -> None:
    stranger, reader = Client(), Client()
    sign_in(reader, alice)
    for client in (stranger, reader):
        client.get(path)  # fills caches
    with CaptureQueriesContext(connection) as queries:
        stranger.get(path)
    with django_assert_max_num_queries(len(queries) + more):
        reader.get(path)


def test_all_papers_of_a_page_have_buttons_for_readers_only(
    client: Client, alice: Subscriber, edition: Edition
) -> None:
    assert "data-actions" not in client.get("/").text
    sign_in(client, alice)
    page = client.get("/").text
    assert page.count("data-actions") == 3
    assert page.count('name="csrfmiddlewaretoken"') == 1


def test_a_failed_check_explains_itself(alice: Subscriber, paper: Paper) -> None:
    victim = Client(enforce_csrf_checks=True)
    sign_in(victim, alice)
    response = victim.post("/actions/", {"do": f"save {paper.pk}"})
    assert response.status_code == 403
    assert "Please try again" in response.text


@pytest.mark.parametrize(("path", "body", "status"), [("/nowhere/", None, 404), ("/actions/", "a" * 70_000, 413)])
def test_signed_in_readers_see_the_error_pages_of_addresses_that_reach_no_view(
    reader_client: Client, path: str, body: str | None, status: int
) -> None:
    ask = reader_client.get(path) if body is None else reader_client.post(path, {"do": body})
    assert ask.status_code == status
    assert 'href="/saved/"' in ask.text
