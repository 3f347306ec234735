"""The keys by which papers are found by their title."""

import pytest

from digest.models import Paper
from digest.models.papers import title_key
from digest.papers import title_keys

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.mark.parametrize("title", ["Pre-training for Agents", "pretraining for agents!", "Pre Training for Agent"])
def test_spellings_of_a_title_share_its_key(title: str) -> None:
    assert title_key(title) == title_key("Pretraining for Agents")
    assert title_key(title) != title_key("Training for Agents")


def test_a_title_without_words_has_no_key() -> None:
    assert title_key("…") == ""


def test_each_way_to_store_a_paper_sets_its_key() -> None:
    saved = Paper.objects.create(key="link:1", title="One", url="https://a.org")
    Paper.objects.bulk_create([Paper(key="link:2", title="Two", url="https://a.org")])
    assert list(Paper.objects.order_by("pk").values_list("title_key", flat=True)) == [
        title_key("One"),
        title_key("Two"),
    ]
    saved.title = "Three"
    saved.save()
    assert Paper.objects.get(pk=saved.pk).title_key == title_key("Three")


def test_it_fills_in_missing_keys_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(title_keys, "CHUNK", 2)
    titles = ["One", "…", "Two", "Three", "Four"]
    Paper.objects.bulk_create(
        Paper(key=f"link:{number}", title=title, url="https://a.org") for number, title in enumerate(titles)
    )
    Paper.objects.exclude(title="Four").update(title_key="")
    assert title_keys.fill("default") == 3
    assert list(Paper.objects.order_by("pk").values_list("title_key", flat=True)) == list(map(title_key, titles))
    assert title_keys.fill("default") == 0
