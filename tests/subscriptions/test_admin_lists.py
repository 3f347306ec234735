"""The admin's lists: their headings, filters by select boxes, and where addresses may break."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from subscriptions.admin.base import breakable
from subscriptions.models import Brand, Subscriber, Topic
from tests.conftest import make_reader

READERS = "/admin/subscriptions/subscriber/"
TOPIC = "filters__topic__id__exact"


def listed(client: Client, query: str) -> list[str]:
    return [reader.email for reader in client.get(f"{READERS}{query}").context["cl"].result_list]


@pytest.fixture
def readers(alice: Subscriber, vision: Topic) -> None:
    make_reader("zoe@example.org", topics=[vision])
    Topic.objects.create(slug="unused", name="Unused", group="Methods", phrases=["unused"])


@pytest.mark.usefixtures("readers")
def test_readers_are_filtered_by_a_topic_of_a_select_box(admin_client: Client, vision: Topic) -> None:
    assert listed(admin_client, f"?{TOPIC}={vision.pk}") == ["zoe@example.org"]
    assert listed(admin_client, f"?{TOPIC}=") == ["zoe@example.org", "alice@example.org"]


@pytest.mark.usefixtures("readers")
def test_a_select_box_has_the_topics_in_use_and_keeps_the_other_filters(admin_client: Client, vision: Topic) -> None:
    page = admin_client.get(f"{READERS}?q=zoe&status__exact=active&p=1&{TOPIC}={vision.pk}").content.decode()
    box = page[page.index(f'<select name="{TOPIC}"') :]
    box = box[: box.index("</select>")]
    assert f'<option value="{vision.pk}" selected>Vision</option>' in box
    assert "Learning" in box
    assert "Unused" not in box
    form = page[: page.index(f'<select name="{TOPIC}"')].rpartition("<form")[2]
    assert '<input type="hidden" name="q" value="zoe">' in form
    assert '<input type="hidden" name="status__exact" value="active">' in form
    assert 'name="p"' not in form


def test_addresses_break_after_the_at_sign_and_before_dots_only() -> None:
    assert breakable("a.b@lab.example.org") == "a.b<wbr>@lab<wbr>.example<wbr>.org"
    assert breakable("<b>@example.org") == "&lt;b&gt;<wbr>@example<wbr>.org"


def test_pages_are_headed_by_what_they_show(admin_client: Client, alice: Subscriber) -> None:
    assert "<h1>Readers</h1>" in admin_client.get(READERS).content.decode()
    page = admin_client.get(f"{READERS}{alice.pk}/change/").content.decode()
    assert "<h1>alice<wbr>@example<wbr>.org</h1>" in page


def test_the_header_has_the_newsletters_name(client: Client, admin_user: User) -> None:
    Brand(name="Robot Weekly").save()
    assert '<a href="/admin/">Robot Weekly</a>' in client.get("/admin/login/").content.decode()
