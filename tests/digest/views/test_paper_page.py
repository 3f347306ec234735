"""The page of a paper, for strangers and for a signed-in reader."""

import re

import pytest
from django.test import Client

from digest.models import Edition, Paper, TopicPaper
from digest.papers import topic_assignment
from digest.search import similar_papers
from subscriptions.models import Subscriber, Topic, TopicFilter
from tests.subscriptions.security.test_reader_session import sign_in

pytestmark = pytest.mark.usefixtures("now", "edition")

PAGE, SURVEY = "/papers/arxiv:2608.00002/", "/papers/arxiv:2608.00003/"


def why(page: str) -> str:
    """Return the text below “Why this paper?”."""
    return " ".join(re.sub(r"<[^>]*>", " ", page.partition('id="why"')[2].partition("</section>")[0]).split())


def test_it_says_to_a_signed_in_reader_what_matches(client: Client, alice: Subscriber) -> None:
    assert 'id="why"' not in client.get(PAGE).text
    sign_in(client, alice)
    assert "“Diffusion” in the title" in why(client.get(PAGE).text)
    assert "Your words By Ada Lovelace; “Diffusion” in the title." in why(client.get(PAGE).text)
    assert why(client.get(SURVEY).text) == ""  # she excludes surveys


def test_it_shows_the_links_that_are_used_most_and_folds_the_others(client: Client) -> None:
    Paper.objects.filter(key="arxiv:2608.00002").update(
        github_url="https://github.com/a/b", project_url="https://example.org/", doi="10.1/x"
    )
    links = client.get(PAGE).text.partition('class="paper-links"')[2].partition("</nav>")[0]
    first, _details, others = links.partition("<details")
    text = re.compile(r"<a [^>]*>([^<]*)</a>")
    assert text.findall(first) == ["PDF", "arXiv", "Code", "Project"]
    assert text.findall(others) == ["HTML", "alphaXiv", "Hugging Face", "Semantic Scholar", "Models", "Datasets", "DOI"]


def test_following_an_author_takes_one_press(client: Client, alice: Subscriber) -> None:
    sign_in(client, alice)
    page = client.get("/authors/alan-turing/").text
    button = re.search(r'<button form="act" name="do" value="(follow author [^"]*)"', page)
    assert button
    client.post("/actions/", {"do": button[1], "back": "/authors/alan-turing/"})
    assert TopicFilter.objects.filter(subscriber=alice, words__contains="Alan Turing").exists()
    assert 'value="unfollow author Alan Turing"' in client.get("/authors/alan-turing/").text


def test_papers_like_these_come_by_the_papers_topics(client: Client, alice: Subscriber, edition: Edition) -> None:
    topic_assignment.assign_topics(edition)
    scale = "/papers/arxiv:2608.00001/"
    assert '/subscribe/?topics=learning"' in client.get(scale).text
    sign_in(client, alice)
    assert 'value="unfollow topic learning"' in client.get(scale).text


def test_a_paper_like_no_other_shows_others_on_its_topic(
    client: Client, learning: Topic, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic_assignment.assign_topics(edition)
    survey = Paper.objects.get(key="arxiv:2608.00003")
    TopicPaper.objects.filter(topic=learning).exclude(paper__key="arxiv:2608.00001").delete()
    monkeypatch.setattr(similar_papers, "similar", lambda paper: [])
    assert "More on Learning" not in client.get("/papers/arxiv:2608.00001/").text
    TopicPaper.objects.create(topic=learning, paper=survey, day=edition.day, score=1.0)
    assert survey.title in client.get("/papers/arxiv:2608.00001/").text.partition("More on Learning")[2]
    monkeypatch.setattr(similar_papers, "similar", lambda paper: [survey])
    assert "More on Learning" not in client.get("/papers/arxiv:2608.00001/").text
