"""Templates from a folder outside the code replace ours in emails and on pages."""

import copy
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from digest.models import Edition
from subscriptions.models import Subscriber
from tests.email.mails import digest_of


@pytest.fixture
def own(settings: Any, tmp_path: Path) -> Path:
    """The folder, set as TEMPLATES_DIR."""
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"].insert(0, tmp_path)
    settings.TEMPLATES = templates
    for name in ("email", "web"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_it_uses_their_style_sheet(own: Path, edition: Edition, alice: Subscriber) -> None:
    (own / "email" / "email.css").write_text("h1 { color: #123456; }")
    assert 'style="color: #123456;"' in digest_of(edition, alice).html


def test_it_uses_their_digest(own: Path, edition: Edition, alice: Subscriber) -> None:
    ours = Path(__file__).resolve().parent.parent.parent / "templates" / "email" / "digest.html"
    (own / "email" / "digest.html").write_text(
        ours.read_text().replace("{% block foot %}", "{% block foot %}<p>Ours!</p>")
    )
    made = digest_of(edition, alice)
    assert "Ours!</p>" in made.html
    assert "Faster Diffusion" in made.html
    assert "Faster Diffusion" in made.text


@pytest.mark.usefixtures("edition")
def test_it_uses_their_pages(own: Path) -> None:
    (own / "web" / "privacy.html").write_text("Our own words.")
    assert Client().get("/privacy/").content.decode() == "Our own words."
