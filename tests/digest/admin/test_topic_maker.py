"""The admin pages that make a topic from example papers."""

import pytest
from django.test import Client
from django.urls import reverse

from digest.models import Edition, TopicExample
from subscriptions.models import Topic

pytestmark = pytest.mark.django_db

MAKE = "/admin/subscriptions/topic/make/"
GIVEN = {"name": "Diffusion", "group": "Images", "sentence": "Making pictures from noise"}


@pytest.fixture
def made(admin_client: Client, edition: Edition) -> Topic:
    admin_client.post(MAKE, GIVEN | {"examples": "2608.00002\nhttps://arxiv.org/abs/2608.00003", "_make": "1"})
    return Topic.objects.get(slug="diffusion")


def page_of(topic: Topic) -> str:
    return reverse("admin:subscriptions_topic_examples", args=[topic.pk])


def test_it_makes_a_topic_from_ids_and_links(made: Topic) -> None:
    assert (made.name, made.group, made.description) == ("Diffusion", "Images", "Making pictures from noise")
    assert made.examples_used == 2
    assert not made.is_offered


@pytest.mark.usefixtures("edition")
def test_it_finds_papers_by_words_to_tick_and_saves_nothing(admin_client: Client) -> None:
    form = GIVEN | {"group": "", "group_new": "Pictures", "find": "diffusion", "_find": "1"}
    page = admin_client.post(MAKE, form).content.decode()
    assert 'value="Pictures"' in page
    assert 'type="checkbox" name="paper"' in page
    assert "Faster Diffusion" in page
    assert "Making pictures from noise" in page
    assert not Topic.objects.filter(slug="diffusion").exists()


@pytest.mark.parametrize("sought", ["arxiv:2608.00002", "-diffusion", "votes:many"])
def test_a_search_that_cannot_be_understood_is_a_message(admin_client: Client, sought: str) -> None:
    page = admin_client.post(MAKE, GIVEN | {"find": sought, "_find": "1"})
    assert page.status_code == 200
    assert b"Nothing was searched:" in page.content
    assert b"Making pictures from noise" in page.content


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize(("sought", "said"), [("", "Enter words"), ("zebrafish", "No papers found for “zebrafish”.")])
def test_a_search_without_papers_says_so_and_asks_for_nothing_else(
    admin_client: Client, sought: str, said: str
) -> None:
    page = admin_client.post(MAKE, {"name": "Diffusion", "find": sought, "_find": "1"}).content.decode()
    assert said in page
    assert "errorlist" not in page


@pytest.mark.usefixtures("edition")
def test_ticked_papers_become_examples(admin_client: Client) -> None:
    paper = Edition.objects.get().papers.get(key="arxiv:2608.00002")
    admin_client.post(MAKE, GIVEN | {"paper": [str(paper.pk)], "_make": "1"})
    assert TopicExample.objects.get().paper == paper


@pytest.mark.usefixtures("edition", "learning")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"examples": ""}, "Give at least one example paper"),
        ({"examples": "2608.99999"}, "Not on this site: 2608.99999"),
        ({"name": "Learning"}, "There is a topic with this name."),
        ({"name": "…"}, "the name has no letters"),
        ({"sentence": ""}, "This field is required."),
    ],
)
def test_it_says_what_to_correct_and_makes_nothing(admin_client: Client, change: dict[str, str], said: str) -> None:
    form = GIVEN | {"examples": "2608.00002", "_make": "1"} | change
    page = admin_client.post(MAKE, form).content.decode()
    assert said in page
    assert Topic.objects.count() == 1


def test_it_asks_about_papers_and_learns_from_the_answers(admin_client: Client, made: Topic) -> None:
    page = admin_client.get(page_of(made)).content.decode()
    assert "Are these on the topic?" in page
    other = Edition.objects.get().papers.get(key="arxiv:2608.00001")
    answer = {f"answer-{other.pk}": "no", "phrase": [*made.phrases], "more": "denoising", "_learn": "1"}
    page = admin_client.post(page_of(made), answer, follow=True).content.decode()
    assert "1 answer saved." in page
    assert TopicExample.objects.get(paper=other).is_right is False
    made.refresh_from_db()
    assert "denoising" in made.phrases
    assert "2 papers on the topic, 1 not" in page


def test_an_unticked_phrase_goes_and_the_topic_can_be_offered(admin_client: Client, made: Topic) -> None:
    admin_client.post(page_of(made), {"phrase": ["denoising"], "_offer": "1"})
    made.refresh_from_db()
    assert made.phrases == ["denoising"]
    assert made.is_offered


def test_topics_of_a_catalogue_have_no_such_page(admin_client: Client, vision: Topic) -> None:
    Topic.objects.filter(pk=vision.pk).update(loaded_hash="x")
    assert admin_client.get(page_of(vision)).status_code == 404


@pytest.mark.usefixtures("edition")
def test_its_pages_are_closed_to_visitors(client: Client, vision: Topic) -> None:
    assert "/login/" in client.get(MAKE)["Location"]
    assert "/login/" in client.get(page_of(vision))["Location"]
