"""Areas: the broader topics at the top of the form, and broader topics that are no longer offered."""

from pathlib import Path

import pytest

from digest.personalization import paper_index
from subscriptions.models import Topic
from subscriptions.readers.preferences import Preferences
from subscriptions.topics import areas, catalogue, catalogues
from subscriptions.topics.catalogue import CatalogueError, LoadResult

FILE = """
[[area]]
slug = "all-methods"
name = "Methods"
description = "How it is done"

[[topic]]
slug = "both"
name = "Both"
group = "Methods"
narrower = ["learning", "vision"]

[[topic]]
slug = "learning"
name = "Learning"
group = "Methods"
phrases = ["reinforcement learning"]

[[topic]]
slug = "vision"
name = "Vision"
group = "Methods"
phrases = ["image"]
"""
RETIRED = FILE.replace('"vision"]', '"vision"]\noffered = false')


@pytest.fixture
def file(db: None, tmp_path: Path) -> Path:
    path = tmp_path / "topics.toml"
    path.write_text(FILE, encoding="utf-8")
    catalogue.load(path)
    return path


def area() -> Topic:
    return Topic.objects.get(slug="all-methods")


def test_an_area_comes_first_and_includes_the_single_topics_of_its_group(file: Path) -> None:
    assert [topic.slug for topic in Topic.objects.all()] == ["all-methods", "both", "learning", "vision"]
    assert (area().name, area().group, area().is_area) == ("Methods", "Methods", True)
    assert area().narrower == ["learning", "vision"]
    assert not Topic.objects.get(slug="both").is_area


def test_an_area_follows_what_is_in_it(file: Path) -> None:
    Topic.objects.create(slug="mine", name="Mine", group="Methods", phrases=["own"], position=9)
    Topic.objects.filter(slug="learning").update(is_offered=False)
    assert catalogue.load(file) == LoadResult(new=0, updated=0, kept=0, unchanged=4)
    assert area().narrower == ["vision", "mine"]
    Topic.objects.filter(slug="mine").delete()
    areas.refresh()
    assert area().narrower == ["vision"]


def test_an_area_keeps_no_admin_from_changing_its_topics(file: Path) -> None:
    topic = Topic.objects.get(slug="both")
    vision = Topic.objects.get(slug="vision")
    Topic.objects.filter(pk=topic.pk).delete()
    vision.slug, vision.narrower = "sight", ["learning"]
    vision.full_clean()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"Methods"\nphrases = ["image"]', '"Else"\nphrases = ["image"]', "has a group that is no area"),
        ('description = "How', 'about = "How', "area “Methods” has the unknown key “about”"),
        ('name = "Methods"', 'name = "None"', "area “None” has no topics"),
        ("\n[[area]]", 'popular = ["sight"]\n[[area]]', "popular has “sight”, which is no offered topic"),
        ("\n[[area]]", "popular = 1\n[[area]]", "popular is no list of slugs"),
        ('"vision"]', '"vision"]\noffered = "no"', "has an offered that is neither true nor false"),
    ],
)
def test_it_says_what_is_wrong_with_an_area(file: Path, old: str, new: str, message: str) -> None:
    assert old in FILE
    file.write_text(FILE.replace(old, new), encoding="utf-8")
    with pytest.raises(CatalogueError, match=message):
        catalogue.load(file)


def test_a_load_retires_a_broader_topic_that_the_file_no_longer_offers(file: Path) -> None:
    file.write_text(RETIRED, encoding="utf-8")
    assert catalogue.load(file) == LoadResult(new=0, updated=1, kept=0, unchanged=3)
    assert not Topic.objects.get(slug="both").is_offered
    assert catalogue.load(file).unchanged == 4
    Topic.objects.filter(slug="both").update(is_offered=True)
    assert catalogue.load(file).unchanged == 4, "an admin may offer it again"


def test_a_load_does_not_retire_what_an_admin_edited(file: Path) -> None:
    Topic.objects.filter(slug="both").update(name="Our own choice")
    file.write_text(RETIRED, encoding="utf-8")
    assert catalogue.load(file).kept == 1
    assert Topic.objects.get(slug="both").is_offered


def test_a_new_site_gets_retired_topics_unoffered(db: None, tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    path.write_text(RETIRED, encoding="utf-8")
    catalogue.load(path)
    assert list(Topic.objects.offered().values_list("slug", flat=True)) == ["all-methods", "learning", "vision"]
    assert Topic.objects.known().count() == 4


def test_readers_words_are_explained_by_retired_topics_and_not_by_areas(file: Path) -> None:
    file.write_text(RETIRED, encoding="utf-8")
    catalogue.load(file)
    assert [topic.label for topic in paper_index.catalogue()] == ["Both", "Learning", "Vision"]


def test_a_waiting_sign_up_for_a_retired_topic_gets_what_it_included(file: Path) -> None:
    file.write_text(RETIRED, encoding="utf-8")
    catalogue.load(file)
    stored = Preferences(topics=Topic.objects.filter(slug__in=["both", "vision"])).as_json()
    assert sorted(topic.slug for topic in Preferences.from_json(stored).topics) == ["learning", "vision"]


def test_every_shipped_topic_is_in_an_area(db: None) -> None:
    catalogue.load()
    grouped = areas.by_area(Topic.objects.offered())
    assert 10 <= len(grouped) <= 15
    for one in grouped:
        assert one.whole, one.name
        assert one.whole.narrower == [topic.slug for topic in one.topics]
        assert not any(topic.narrower for topic in one.topics)
    assert len(catalogues.popular(Topic.objects.offered())) == 10


def test_popular_topics_of_another_catalogue_are_its_first(file: Path) -> None:
    assert [topic.slug for topic in catalogues.popular(Topic.objects.offered())] == ["learning", "vision"]
