"""The admin's lists: their headings, filters by select boxes, and where addresses may break."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from digest.models import Edition
from digest.templatetags.list_filters import other_conditions
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


def test_a_reader_who_follows_both_topics_of_a_filter_is_listed_once(
    admin_client: Client, learning: Topic, vision: Topic
) -> None:
    make_reader("zoe@example.org", topics=[learning, vision])
    assert listed(admin_client, f"?{TOPIC}={vision.pk}&{TOPIC}={learning.pk}") == ["zoe@example.org"]
    assert listed(admin_client, "?filters__topic__isnull=False") == ["zoe@example.org"]
    assert listed(admin_client, "?filters__isnull=False") == ["zoe@example.org"]


def test_a_filter_by_a_topic_does_not_compare_whole_rows(admin_client: Client, vision: Topic) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert admin_client.get(f"{READERS}?{TOPIC}={vision.pk}").status_code == 200
    assert not [query["sql"] for query in queries if "DISTINCT" in query["sql"]]


def test_a_filter_by_no_topic_at_all_is_left_out(admin_client: Client, alice: Subscriber) -> None:
    response = admin_client.get(f"{READERS}?{TOPIC}=x")
    assert (response.status_code, response["Location"]) == (302, f"{READERS}?e=1")


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


def test_states_are_pills_in_the_color_of_the_state(admin_client: Client, alice: Subscriber) -> None:
    assert '<span class="pill is-good">active</span>' in admin_client.get(READERS).content.decode()
    Subscriber.objects.update(status="suppressed")
    assert '<span class="pill is-bad">suppressed</span>' in admin_client.get(READERS).content.decode()
    page = admin_client.get(f"{READERS}{alice.pk}/change/").content.decode()
    assert '<span class="pill is-bad">suppressed</span>' in page


def test_a_reader_is_listed_with_what_they_follow_and_their_own_words_are_not_shown(
    admin_client: Client, learning: Topic, vision: Topic
) -> None:
    make_reader("none@example.org")
    make_reader("some@example.org", topics=[learning, vision], words="a private matter")
    page = admin_client.get(READERS).content.decode()
    assert f'<td class="field-follows">{learning.name}, {vision.name} and 1 more</td>' in page
    assert '<td class="field-follows">top-voted</td>' in page
    assert "a private matter" not in page


def test_a_delivery_time_is_the_hour_and_the_place_of_the_time_zone(admin_client: Client, alice: Subscriber) -> None:
    Subscriber.objects.update(time_zone="America/Argentina/Buenos_Aires", send_hour=7)
    assert ">07:00 Buenos Aires</p>" in admin_client.get(READERS).content.decode()


@pytest.mark.usefixtures("readers")
def test_topics_that_are_no_longer_offered_are_listed_last(admin_client: Client, vision: Topic) -> None:
    Topic.objects.filter(pk=vision.pk).update(is_offered=False, position=0)
    rows = admin_client.get("/admin/subscriptions/topic/").context["cl"].result_list
    assert [topic.is_offered for topic in rows] == [True] * (len(rows) - 1) + [False]
    assert rows[len(rows) - 1] == vision


def test_a_broad_topic_names_the_first_topics_that_it_includes(admin_client: Client, vision: Topic) -> None:
    names = [f"Part {number}" for number in range(6)]
    parts = [Topic.objects.create(slug=f"part-{name[-1]}", name=name, group="Methods") for name in names]
    Topic.objects.filter(pk=vision.pk).update(narrower=[part.slug for part in parts])
    page = admin_client.get("/admin/subscriptions/topic/").content.decode()
    assert "Includes Part 0, Part 1, Part 2, Part 3 and 2 more." in page


def test_the_menu_of_small_screens_leads_to_all_lists(admin_client: Client, alice: Subscriber) -> None:
    page = admin_client.get(READERS).content.decode()
    menu = page[page.index('<details class="menu">') :].partition("</nav>")[0]
    assert "<details><summary>Internals</summary>" in menu  # collapsed
    assert f'<a href="{READERS}" aria-current="page">Readers</a>' in menu
    assert '<a href="/admin/digest/delivery/">Deliveries</a>' in menu
    assert "Log out" in menu


@pytest.mark.django_db
def test_an_empty_list_says_what_will_appear_in_it(admin_client: Client) -> None:
    page = admin_client.get(READERS).content.decode()
    assert "They sign up on the site" in page
    assert 'id="searchbar"' not in page


@pytest.mark.usefixtures("readers")
def test_a_search_without_results_can_be_changed(admin_client: Client) -> None:
    page = admin_client.get(READERS, {"q": "nobody"}).content.decode()
    assert "Nothing matches the search and the filters." in page
    assert 'id="searchbar"' in page


@pytest.mark.usefixtures("readers")
def test_a_filter_says_what_it_is_set_to(admin_client: Client, vision: Topic) -> None:
    page = admin_client.get(f"{READERS}?status__exact=active&{TOPIC}={vision.pk}").content.decode()
    assert '<summary class="is-set">Status: <b>active</b></summary>' in page
    assert '<summary class="is-set">Topic: <b>Vision</b></summary>' in page
    assert "<summary>How often</summary>" in page


@pytest.mark.usefixtures("readers")
def test_conditions_without_a_filter_are_shown_and_can_be_removed(admin_client: Client) -> None:
    """Such as those of the links from the charts and from topics."""
    wanted = "status__in=active,paused&created_at__gte=2026-08-01%2000:00:00%2B00:00"
    page = admin_client.get(f"{READERS}?{wanted}")
    text = page.content.decode()
    assert 'title="Remove this condition">Status: active, paused ' in text
    assert 'title="Remove this condition">Signed up: from 2026-08-01 ' in text
    conditions = other_conditions(page.context["cl"])
    assert [condition.without.partition("=")[0] for condition in conditions] == ["?created_at__gte", "?status__in"]


@pytest.mark.django_db
def test_an_odd_condition_of_an_address_is_shown_too(admin_client: Client) -> None:
    page = admin_client.get("/admin/digest/assessment/?fits__isnull=%C3%A9")
    assert page.status_code == 200
    assert [condition.text for condition in other_conditions(page.context["cl"])] == ["fits: é"]


def test_a_condition_names_the_row_that_it_is_about(admin_client: Client, edition: Edition) -> None:
    page = admin_client.get(f"/admin/digest/paper/?edition__id__exact={edition.pk}").content.decode()
    assert "Edition: 20 Aug 2026 " in page
    assert "Edition: 999999 " in admin_client.get("/admin/digest/paper/?edition__id__exact=999999").content.decode()
    page = admin_client.get("/admin/digest/paper/?is_hidden__exact=1").content.decode()
    assert "Remove this condition" not in page  # a filter shows it


@pytest.mark.usefixtures("readers")
def test_a_list_without_conditions_offers_none_to_clear(admin_client: Client) -> None:
    assert "Clear all" not in admin_client.get(READERS).content.decode()
    assert "Clear all" in admin_client.get(f"{READERS}?status__exact=active").content.decode()
