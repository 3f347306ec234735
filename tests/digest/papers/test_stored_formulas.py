"""The rewriting of TeX in stored papers."""

import pytest

from digest.models import Paper
from digest.papers import stored_formulas
from digest.papers.deduplication import fingerprint

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_it_rewrites_stored_tex_and_leaves_other_papers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_formulas, "CHUNK", 1)
    for number, title in enumerate(["VILA^2: Augmented", "Plain", "N_0 and x", "A^* Search"]):
        Paper.objects.create(
            key=f"link:{number}",
            title=title,
            abstract=f"{title}, \\ours{{}}",
            authors=["Ada Lovelace"],
            url="https://a.org",
        )
    assert stored_formulas.rewrite("default") == 4
    papers = list(Paper.objects.order_by("pk"))
    assert [paper.title for paper in papers] == ["VILA²: Augmented", "Plain", "N₀ and x", "A* Search"]
    assert papers[0].abstract == "VILA²: Augmented, ours"
    assert papers[0].fingerprint == fingerprint("VILA²: Augmented", ["Ada Lovelace"])
    assert stored_formulas.rewrite("default") == 0
