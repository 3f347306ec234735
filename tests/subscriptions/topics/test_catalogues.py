"""The catalogues that come with the code: switched on and off, by the setting, the command and the admin."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from subscriptions.admin import catalogues as catalogue_pages
from subscriptions.models import Catalogue, Subscriber, Topic, TopicFilter
from subscriptions.query.arxiv_categories import CATEGORIES
from subscriptions.topics import catalogue, catalogues
from subscriptions.topics.catalogues import SHIPPED
from tests.conftest import make_reader

pytestmark = pytest.mark.django_db


def offered(slug: str) -> int:
    return Topic.objects.offered().filter(catalogue=slug).count()


def test_a_new_site_offers_the_catalogues_that_the_setting_names(settings: Any) -> None:
    settings.TOPIC_CATALOGUES = ["biorxiv", "medrxiv"]
    catalogues.load()
    assert {*Topic.objects.values_list("catalogue", flat=True)} == {"biorxiv", "medrxiv"}


def test_without_a_setting_it_offers_artificial_intelligence(settings: Any) -> None:
    assert settings.TOPIC_CATALOGUES == ["ai"]
    catalogues.load()
    assert {*Topic.objects.values_list("catalogue", flat=True)} == {"ai"}


def test_a_later_change_of_the_setting_does_not_undo_what_an_admin_chose(settings: Any) -> None:
    catalogues.load()
    settings.TOPIC_CATALOGUES = ["arxiv"]
    catalogues.load()
    assert not offered("arxiv")
    assert offered("ai")


def test_the_command_switches_catalogues_on_and_off(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_topics", "biorxiv", off=["ai"])
    assert "Topics: 26 new" in capsys.readouterr().out
    assert offered("biorxiv") == 26
    assert not offered("ai")
    call_command("load_topics", "biorxiv")
    assert "0 new, 0 updated, 26 unchanged" in capsys.readouterr().out


def test_the_command_names_the_catalogues_if_it_knows_no_such_one() -> None:
    with pytest.raises(CommandError, match="There is no catalogue physics"):
        call_command("load_topics", "physics")


def test_readers_keep_a_topic_of_a_catalogue_that_is_switched_off(alice: Subscriber) -> None:
    catalogues.load(["biorxiv"])
    topic = Topic.objects.get(slug="biorxiv-neuroscience")
    TopicFilter.objects.create(subscriber=alice, topic=topic)
    catalogues.switch_off("biorxiv")
    assert not offered("biorxiv")
    assert alice.filters.filter(topic=topic).exists()


def test_a_topic_that_an_admin_withdrew_stays_so_when_its_catalogue_is_switched_on_again() -> None:
    catalogues.load(["biorxiv"])
    Topic.objects.filter(slug="biorxiv-zoology").update(is_offered=False)
    catalogues.switch_off("biorxiv")
    catalogues.switch_off("biorxiv")  # a second time, it must not take all topics for withdrawn
    catalogues.switch_on("biorxiv")
    assert offered("biorxiv") == 25
    assert not Topic.objects.get(slug="biorxiv-zoology").is_offered
    assert "biorxiv-zoology" not in Topic.objects.get(slug="all-biology").narrower


def test_the_admin_switches_a_catalogue_on_and_off(admin_client: Client) -> None:
    catalogues.load()
    address = reverse("admin:subscriptions_catalogue_changelist")
    page = admin_client.get(address).content.decode()
    assert "The subject areas of medRxiv" in page
    rows = list(Catalogue.objects.all())
    form = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": len(rows), "_save": "Save"}
    form |= {f"form-{place}-id": row.pk for place, row in enumerate(rows)}
    chosen = {f"form-{place}-is_on": "on" for place, row in enumerate(rows) if row.slug == "medrxiv"}
    admin_client.post(address, form | chosen)
    assert offered("medrxiv") == 52
    assert not offered("ai")
    assert {row.slug: row.is_on for row in Catalogue.objects.all()}["medrxiv"]
    admin_client.post(address, form)
    assert not offered("medrxiv")


def test_each_catalogue_has_its_share_of_the_popular_topics() -> None:
    catalogues.load([*SHIPPED])
    shown = [topic.catalogue for topic in catalogues.popular(Topic.objects.offered())]
    assert len(shown) == catalogues.MAX_POPULAR
    assert {*shown} == {*SHIPPED}


def test_every_category_of_arxiv_has_exactly_one_topic() -> None:
    listed = [category for topic in catalogue.topics(SHIPPED["arxiv"].path) for category in topic.categories]
    archives = {category.partition(".")[0] for category in CATEGORIES if "." in category}
    assert sorted(listed) == sorted(CATEGORIES - archives)


@pytest.mark.parametrize(("name", "fewest"), [("arxiv", 145), ("biorxiv", 25), ("medrxiv", 51)])
def test_every_topic_of_a_taxonomy_has_a_category_a_sentence_and_phrases(name: str, fewest: int) -> None:
    topics = [topic for topic in catalogue.topics(SHIPPED[name].path) if not topic.is_area]
    assert len(topics) >= fewest
    for topic in topics:
        assert topic.categories, topic
        assert len(topic.description) >= 14, topic
        assert len(topic.phrases) >= 10, topic


def test_the_topics_of_one_catalogue_come_before_those_of_the_next() -> None:
    catalogues.load([*SHIPPED])
    order = list(Topic.objects.order_by("position").values_list("catalogue", flat=True))
    assert list(dict.fromkeys(order)) == [*SHIPPED]
    assert order == sorted(order, key=[*SHIPPED].index)


def test_the_file_of_each_catalogue_is_known() -> None:
    assert {path.stem for path in catalogue.FOLDER.glob("*.toml")} == {*SHIPPED}


def test_the_form_shows_many_areas_on_demand_and_those_of_one_catalogue_at_once(client: Client) -> None:
    catalogues.load()
    assert "more-areas" not in client.get("/subscribe/").content.decode()
    catalogues.load([*SHIPPED])
    page = client.get("/subscribe/").content.decode()
    first, more = page.split("more-areas")
    assert first.count('class="area"') == 10
    assert more.count('class="area"') == 16
    assert "Health sciences" in more


@pytest.mark.both_databases
def test_a_catalogue_with_very_many_readers_shows_how_many_at_least(
    admin_client: Client, alice: Subscriber, learning: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    Catalogue.objects.get_or_create(slug="ai", defaults={"is_on": True})
    Topic.objects.filter(pk=learning.pk).update(catalogue="ai")
    make_reader("dora@example.org", topics=[learning])
    address = reverse("admin:subscriptions_catalogue_changelist")
    assert '<td class="field-readers">2</td>' in admin_client.get(address).content.decode()
    monkeypatch.setattr(catalogue_pages, "COUNTED", 1)
    assert '<td class="field-readers">more than 1</td>' in admin_client.get(address).content.decode()
