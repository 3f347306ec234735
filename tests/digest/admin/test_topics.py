"""A topic in the admin: what it would find is shown before it is saved, and its phrases are checked."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from digest.models import Edition
from subscriptions.models import Topic

pytestmark = pytest.mark.usefixtures("now")
ADD = "/admin/subscriptions/topic/add/"
BLANK = {"name": "", "slug": "", "group": "", "description": "", "position": "", "exclusions": ""}
PREVIEW = {"_matches": "Preview matches"}


def change(topic: Topic) -> str:
    return f"/admin/subscriptions/topic/{topic.pk}/change/"


def test_it_shows_what_a_new_topic_would_find_from_its_phrases_alone(admin_client: Client, edition: Edition) -> None:
    answer = admin_client.post(ADD, BLANK | PREVIEW | {"phrases": "diffusion\nzebrafish"})
    page = answer.content.decode()
    assert "It would find 2 of the 3 papers of the last 1 edition<" in page
    assert "20 Aug 2026: 2." in page
    assert "<b>This topic:</b> “Diffusion” in the title" in page
    assert "This field is required" not in page
    assert not Topic.objects.exists()


def test_it_says_what_a_change_would_add_and_lose(admin_client: Client, edition: Edition, learning: Topic) -> None:
    form = BLANK | {"name": "Learning", "slug": "learning", "group": "Methods", "phrases": "survey\ngenerate video"}
    page = admin_client.post(change(learning), form | PREVIEW).content.decode()
    assert "1 of them new, 1 no longer found." in page
    assert "Faster Diffusion</a> <strong>new</strong>" in page
    assert "Reinforcement Learning at Scale" in page[page.index("No longer found</h3>") :]
    learning.refresh_from_db()
    assert learning.phrases == ["reinforcement learning"]


def test_exclusions_and_narrower_topics_count(admin_client: Client, edition: Edition, learning: Topic) -> None:
    form = BLANK | PREVIEW | {"phrases": "", "narrower": ["learning"], "exclusions": "survey"}
    page = admin_client.post(ADD, form).content.decode()
    assert "It would find 1 of the 3 papers" in page


def test_it_says_so_when_nothing_matches_or_nothing_is_asked_for(admin_client: Client, edition: Edition) -> None:
    assert "No paper matches" in admin_client.post(ADD, BLANK | PREVIEW | {"phrases": "zebrafish"}).content.decode()
    page = admin_client.post(ADD, BLANK | PREVIEW | {"phrases": ""}).content.decode()
    assert "Write at least one phrase" in page
    assert "It would find" not in page


def test_without_the_button_every_field_is_required(admin_client: Client, edition: Edition) -> None:
    page = admin_client.post(ADD, BLANK | {"phrases": "diffusion"}).content.decode()
    assert "This field is required" in page
    assert "It would find" not in page


def test_who_may_only_view_topics_sees_no_button(client: Client, learning: Topic, edition: Edition) -> None:
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename="view_topic"))
    client.force_login(looker)
    assert "_matches" not in client.get(change(learning)).content.decode()
    assert client.post(change(learning), BLANK | PREVIEW | {"phrases": "x"}).status_code == 403


def test_it_takes_few_queries(
    admin_client: Client, edition: Edition, learning: Topic, django_assert_max_num_queries: Any
) -> None:
    form = BLANK | PREVIEW | {"phrases": "diffusion"}
    admin_client.post(change(learning), form)
    with django_assert_max_num_queries(26):  # with those of the session, the lock and the form's checks
        admin_client.post(change(learning), form)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ('["reward model", "RLHF"]', "has brackets, quotes or commas around it."),
        ("reward model,", "has brackets, quotes or commas around it."),
        ("…", "has no word in it."),
        ("x" * 121, "is longer than 120 characters"),
    ],
)
def test_phrases_that_no_paper_would_contain_are_refused(admin_client: Client, typed: str, problem: str) -> None:
    for field in ("phrases", "exclusions"):
        form = BLANK | {"phrases": "fine"} | {field: typed}
        assert problem in admin_client.post(ADD, form).content.decode()


def test_a_phrase_is_kept_once_and_a_group_as_it_is_spelled(admin_client: Client, learning: Topic) -> None:
    form = {"name": "Bandits", "slug": "bandits", "group": "METHODS ", "phrases": "Bandits\nmulti-armed\nbandits"}
    assert admin_client.post(ADD, BLANK | form | {"position": "1"}).status_code == 302
    bandits = Topic.objects.get(slug="bandits")
    assert (bandits.phrases, bandits.group) == (["Bandits", "multi-armed"], "Methods")
