"""The catalogue of topics: repeated loads, edits by admins, and its use to readers."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.migrations.recorder import MigrationRecorder

from digest.matching import Index, Interest
from digest.matching.tokens import key_of
from subscriptions.models import Topic
from subscriptions.topics import catalogue, catalogues
from subscriptions.topics.catalogue import CatalogueError, LoadResult

TWO_TOPICS = """
[[topic]]
slug = "learning"
name = "Learning"
group = "Methods"
description = "From rewards"
phrases = ["reinforcement learning"]

[[topic]]
slug = "vision"
name = "Vision — für alle"
group = "Methods"
phrases = ["image", "video"]
exclusions = ["imaginary"]
"""


@pytest.fixture
def file(db: None, tmp_path: Path) -> Path:
    path = tmp_path / "topics.toml"
    path.write_text(TWO_TOPICS, encoding="utf-8")
    return path


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_it_loads_a_file(file: Path) -> None:
    assert catalogue.load(file) == LoadResult(new=2, updated=0, kept=0, unchanged=0)
    learning, vision = Topic.objects.all()
    assert (learning.name, learning.group, learning.description) == ("Learning", "Methods", "From rewards")
    assert (learning.phrases, learning.exclusions) == (["reinforcement learning"], [])
    assert (vision.name, vision.description) == ("Vision — für alle", "")
    assert (vision.phrases, vision.exclusions) == (["image", "video"], ["imaginary"])
    assert learning.is_offered


def test_it_changes_nothing_the_second_time(file: Path) -> None:
    catalogue.load(file)
    before = list(Topic.objects.values())
    assert catalogue.load(file) == LoadResult(new=0, updated=0, kept=0, unchanged=2)
    assert list(Topic.objects.values()) == before


def test_it_brings_in_what_changed_in_the_file(file: Path) -> None:
    catalogue.load(file)
    change(file, '"image", "video"', '"image", "film"')
    assert catalogue.load(file) == LoadResult(new=0, updated=1, kept=0, unchanged=1)
    assert Topic.objects.get(slug="vision").phrases == ["image", "film"]
    assert catalogue.load(file).unchanged == 2


def test_it_takes_out_what_the_file_no_longer_says(file: Path) -> None:
    catalogue.load(file)
    change(file, 'description = "From rewards"\n', "")
    change(file, 'exclusions = ["imaginary"]\n', "")
    assert catalogue.load(file).updated == 2
    assert list(Topic.objects.values_list("description", "exclusions")) == [("", []), ("", [])]


def test_it_follows_the_order_of_the_file(file: Path) -> None:
    catalogue.load(file)
    first = '[[topic]]\nslug = "audio"\nname = "Audio"\ngroup = "Methods"\nphrases = ["speech"]\n'
    file.write_text(first + file.read_text(encoding="utf-8"), encoding="utf-8")
    assert catalogue.load(file) == LoadResult(new=1, updated=2, kept=0, unchanged=0)
    assert [topic.slug for topic in Topic.objects.all()] == ["audio", "learning", "vision"]


def test_it_keeps_a_topic_that_the_file_dropped(file: Path) -> None:
    catalogue.load(file)
    file.write_text(TWO_TOPICS[: TWO_TOPICS.index("[[topic]]", 20)], encoding="utf-8")
    assert catalogue.load(file).unchanged == 1
    assert Topic.objects.count() == 2


@pytest.mark.parametrize(
    "edit",
    [
        {"name": "Sight"},
        {"group": "Senses"},
        {"description": "What is seen"},
        {"phrases": ["eye"]},
        {"exclusions": []},
        {"position": 9},
    ],
)
def test_it_keeps_what_an_admin_edited(file: Path, edit: dict[str, object]) -> None:
    catalogue.load(file)
    Topic.objects.filter(slug="vision").update(**edit)
    before = Topic.objects.filter(slug="vision").values().get()
    change(file, '"image", "video"', '"image", "film"')
    assert catalogue.load(file) == LoadResult(new=0, updated=0, kept=1, unchanged=1)
    assert Topic.objects.filter(slug="vision").values().get() == before


def test_it_does_not_offer_again_what_an_admin_withdrew(file: Path) -> None:
    catalogue.load(file)
    Topic.objects.filter(slug="vision").update(is_offered=False)
    change(file, '"image", "video"', '"image", "film"')
    assert catalogue.load(file).updated == 1
    assert not Topic.objects.get(slug="vision").is_offered


def test_it_keeps_an_admins_own_topic_of_the_same_name(file: Path) -> None:
    mine = Topic.objects.create(slug="my-learning", name="Learning", group="Mine", phrases=["bandits"])
    assert catalogue.load(file) == LoadResult(new=1, updated=0, kept=1, unchanged=0)
    mine.refresh_from_db()
    assert (mine.slug, mine.phrases) == ("my-learning", ["bandits"])


def test_it_keeps_both_topics_when_a_new_name_is_taken(file: Path) -> None:
    catalogue.load(file)
    Topic.objects.create(slug="mine", name="Sight", group="Mine", phrases=["eye"])
    change(file, 'name = "Vision — für alle"', 'name = "Sight"')
    assert catalogue.load(file) == LoadResult(new=0, updated=0, kept=1, unchanged=1)


def test_it_knows_the_topics_that_were_made_by_hand(file: Path) -> None:
    catalogue.load(file)
    made = Topic.objects.create(slug="own", name="Own", group="Ours", phrases=["own"])
    assert [topic for topic in Topic.objects.all() if topic.is_by_hand] == [made]
    assert not any(topic.is_by_hand for topic in catalogue.topics(file))


WIDE = '[[topic]]\nslug = "wide"\nname = "Wide"\ngroup = "Methods"\nnarrower = ["learning"]\n'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('slug = "vision"', 'slug = "learning"', "two topics have the slug “learning”"),
        ('name = "Vision — für alle"', 'name = "Learning"', "two topics have the name “Learning”"),
        ('slug = "vision"', "", "topic “Vision — für alle” needs a slug"),
        ('slug = "vision"', 'slug = " "', "needs a slug"),
        ('slug = "vision"', 'slug = "a vision"', "topic “a vision” has a slug that can’t be stored"),
        ('name = "Vision — für alle"', "name = 7", "topic “vision” needs a name"),
        ('name = "Vision — für alle"', f'name = "{"long " * 20}"', "has a name that can’t be stored: .*at most 80"),
        (
            'exclusions = ["imaginary"]',
            'exclusion = ["imaginary"]',
            "topic “vision” has the unknown key “exclusion”: the keys are",
        ),
        ('exclusions = ["imaginary"]', 'exclusions = "imaginary"', "topic “vision” has exclusions that are no list"),
        ('phrases = ["image", "video"]', "", "topic “vision” has neither phrases nor categories"),
        ('phrases = ["image", "video"]', "phrases = []", "topic “vision” has neither phrases nor categories"),
        ('phrases = ["image", "video"]', 'phrases = [" "]', "topic “vision” has phrases that are no list"),
        ('phrases = ["image", "video"]', 'narrower = ["vision"]', "topic “vision” includes itself"),
        (
            'phrases = ["image", "video"]',
            'narrower = ["sight"]',
            "topic “vision” includes “sight”, which is no topic",
        ),
        ('phrases = ["image", "video"]', 'narrower = ["wide"]', "topic “vision” includes “wide”, which includes"),
        (TWO_TOPICS, "", "it holds no topics"),
        (TWO_TOPICS, "topic = [1]", "it holds no topics"),
        ('name = "Vision', "name = Vision", "line"),
    ],
)
def test_it_says_what_is_wrong_with_the_file_and_loads_nothing(file: Path, old: str, new: str, said: str) -> None:
    if old != TWO_TOPICS:
        file.write_text(TWO_TOPICS + WIDE, encoding="utf-8")
    change(file, old, new)
    with pytest.raises(CatalogueError, match=rf"topics\.toml can’t be (loaded|read): .*{said}"):
        catalogue.load(file)
    assert not Topic.objects.exists()


def test_a_broader_topic_may_stand_for_one_that_was_made_by_hand(file: Path) -> None:
    file.write_text(TWO_TOPICS + WIDE.replace('"learning"', '"mine"'), encoding="utf-8")
    Topic.objects.create(slug="mine", name="Mine", group="Mine", phrases=["own"])
    assert catalogue.load(file) == LoadResult(new=3, updated=0, kept=0, unchanged=0)


@pytest.mark.django_db
def test_the_command_says_what_is_wrong_with_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object) -> LoadResult:
        raise CatalogueError("topic “vision” needs a name.")

    monkeypatch.setattr(catalogues, "load", load)
    with pytest.raises(CommandError, match=r"topic “vision” needs a name\. Nothing was loaded\."):
        call_command("load_topics")


@pytest.mark.django_db
def test_the_command_asks_for_migrations_first() -> None:
    newest = MigrationRecorder.Migration.objects.filter(app="subscriptions").latest("pk")
    newest.delete()
    with pytest.raises(CommandError, match=r"Run manage\.py migrate first\."):
        call_command("load_topics")


@pytest.mark.django_db
def test_it_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_topics")
    assert "0 updated, 0 unchanged, 0 left as an admin edited them" in capsys.readouterr().out
    call_command("load_topics")
    assert f"Topics: 0 new, 0 updated, {Topic.objects.count()} unchanged" in capsys.readouterr().out


@dataclass(frozen=True)
class Abstract:
    """Return a paper with this abstract."""

    abstract: str
    key: str = "x"
    title: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    votes: int = 0


@pytest.fixture
def shipped(db: None) -> list[Topic]:
    catalogues.load([*catalogues.SHIPPED])
    return list(Topic.objects.all())


def test_it_ships_enough_topics_without_doubles(shipped: list[Topic]) -> None:
    assert len(shipped) >= 24
    for field in ("slug", "name"):
        values = [getattr(topic, field).lower() for topic in shipped]
        assert len(values) == len(set(values))
    for topic in shipped:
        topic.full_clean()
        assert topic.description
        phrases = [phrase.lower() for phrase in topic.phrases]
        assert len(phrases) == len(set(phrases)), topic


def test_it_ships_each_group_in_one_piece(shipped: list[Topic]) -> None:
    groups = [topic.group for topic in shipped]
    changes = [group for before, group in zip([None, *groups], groups, strict=False) if group != before]
    assert len(changes) == len(set(groups)), "the form would show a group twice"


def test_it_ships_phrases_that_can_all_be_found(shipped: list[Topic]) -> None:
    lost = []
    for topic in shipped:
        papers = [Abstract(f"We study {phrase} in depth.") for phrase in topic.phrases]
        found = Index(papers).findings(Interest(topic.name, topic.criteria))
        lost += [phrase for place, phrase in enumerate(topic.phrases) if place not in found]
    assert lost == []


def test_it_loads_what_a_broader_topic_includes(file: Path) -> None:
    broader = '[[topic]]\nslug = "all"\nname = "All"\ngroup = "Methods"\nnarrower = ["learning", "vision"]\n'
    catalogue.load(file)
    file.write_text(file.read_text(encoding="utf-8") + broader, encoding="utf-8")
    assert catalogue.load(file) == LoadResult(new=1, updated=0, kept=0, unchanged=2)
    assert Topic.objects.get(slug="all").narrower == ["learning", "vision"]
    assert Topic.objects.get(slug="all").phrases == []
    change(file, '["learning", "vision"]', '["learning"]')
    assert catalogue.load(file) == LoadResult(new=0, updated=1, kept=0, unchanged=2)
    Topic.objects.filter(slug="all").update(narrower=["vision"])
    change(file, 'narrower = ["learning"]', 'narrower = ["learning", "vision"]')
    assert catalogue.load(file).kept == 1


def test_it_updates_what_was_loaded_before_there_were_broader_topics(file: Path) -> None:
    catalogue.load(file)
    fields = ("name", "group", "description", "phrases", "exclusions", "position")
    for topic in Topic.objects.all():
        said = json.dumps({name: getattr(topic, name) for name in fields}, sort_keys=True)
        Topic.objects.filter(pk=topic.pk).update(loaded_hash=hashlib.sha256(said.encode()).hexdigest())
    change(file, '"image", "video"', '"image", "film"')
    assert catalogue.load(file) == LoadResult(new=0, updated=1, kept=0, unchanged=1)


def test_the_order_of_included_topics_is_no_edit(file: Path) -> None:
    broader = '[[topic]]\nslug = "all"\nname = "All"\ngroup = "Methods"\nnarrower = ["vision", "learning"]\n'
    file.write_text(file.read_text(encoding="utf-8") + broader, encoding="utf-8")
    catalogue.load(file)
    Topic.objects.filter(slug="all").update(narrower=["learning", "vision"])  # as the admin's form saves them
    assert catalogue.load(file) == LoadResult(new=0, updated=0, kept=0, unchanged=3)


def test_it_reports_included_topics_that_find_nothing(file: Path) -> None:
    catalogue.load(file)
    Topic.objects.create(slug="wide", name="Wide", group="Mine", narrower=["vision", "gone"])
    Topic.objects.create(slug="wider", name="Wider", group="Mine", narrower=["wide", "learning"])
    assert catalogue.load(file).lost == (
        "“Wide” includes gone, which is no topic",
        "“Wider” includes wide, which includes others itself",
    )


def test_it_ships_broader_topics_that_stand_for_narrower_ones(shipped: list[Topic]) -> None:
    narrow = {topic.slug for topic in shipped if not topic.narrower}
    broader = [topic for topic in shipped if topic.narrower]
    assert len(broader) >= 10
    for topic in broader:
        assert len(topic.narrower) >= 2, topic
        assert set(topic.narrower) <= narrow, topic
    assert len({frozenset(topic.narrower) for topic in broader}) == len(broader)


@pytest.mark.parametrize("name", [*catalogues.SHIPPED])
def test_no_topic_says_a_phrase_twice(name: str) -> None:
    for topic in catalogue.topics(catalogues.SHIPPED[name].path):
        keys = [key_of(phrase) for phrase in topic.phrases]
        assert len(set(keys)) == len(keys), topic.slug
