"""The papers of some days, and suggestions for phrases that none of them contains."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from digest.matching import Index
from digest.search.recent_papers import RecentPapers

DAY = dt.date(2026, 8, 20)


def paper(title: str, **fields: Any) -> Any:
    values = {"key": title, "abstract": "", "authors": [], "categories": [], "keywords": [], "votes": 0} | fields
    return SimpleNamespace(title=title, **values)


RECENT = RecentPapers(
    (
        (DAY, Index([paper("Diffusion Models"), paper("Diffusion transformers", abstract="for image generation")])),
        (
            DAY - dt.timedelta(days=1),
            Index([paper("Image Generation"), paper("Agents", abstract="This is nothing", keywords=["reward model"])]),
        ),
    )
)


@pytest.mark.parametrize(
    ("phrase", "near"),
    [
        ("difusion models", (("diffusion models", 1),)),
        ("difusion modles", (("diffusion models", 1), ("diffusion", 2), ("models", 2))),
        ("difusoin", (("diffusion", 2),)),
        ("latent image generation", (("image generation", 2), ("image", 2), ("generation", 2))),
        ("reward hacking", (("reward", 1),)),
        ("model of all", (("model", 2),)),
        ("for image quality", (("image", 2),)),
        ("nothing like this", ()),
        ("quux", ()),
        ("", ()),
        ("π", ()),
    ],
)
def test_it_knows_what_is_near_to_a_phrase(phrase: str, near: tuple[tuple[str, int], ...]) -> None:
    assert RECENT.near(phrase, 3)[: len(near)] == near
    assert bool(RECENT.near(phrase, 3)) == bool(near)


def test_it_counts_over_all_its_days() -> None:
    assert RECENT.holding("diffusion") == 2
    assert len(RECENT.papers) == 4


def test_it_is_quiet_when_it_is_empty() -> None:
    assert RecentPapers(()).near("diffusion", 3) == ()


def test_it_knows_whose_name_is_near_to_one() -> None:
    papers = [paper("A", authors=["Lei Wang", "Łukasz Kaiser"]), paper("B", authors=["Lei Wang"])]
    recent = RecentPapers(((DAY, Index(papers)),))
    assert recent.near_authors("Lei Wnag", 3) == (("Lei Wang", 2),)
    assert recent.near_authors("Kaisr, Lukasz", 3) == (("Łukasz Kaiser", 1),)
    assert not [name for name in ("Ada Lovelace", "Lee", "", "?") if recent.near_authors(name, 3)]
