"""Shared fixtures: a day with many papers, a mail client, and a mail server that accepts or refuses emails."""

import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest

from digest import papers
from digest.delivery.providers.capabilities import SMTP_BACKEND
from digest.delivery.transports import concurrency
from digest.editions import publication
from digest.models import Edition, Paper
from subscriptions.models import Topic
from tests.conftest import NOW, TODAY, make_record
from tests.sink import Sink

WORDS = ["agents", "diffusion", "reinforcement learning", "vision", "proofs"]
ODD = "“Ünïcode” <b>&amp; more</b> = .\u00a0§ 你好 שלום 💥 " + "x" * 90


def read(wire: bytes) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the headers and the parts of an email, as a mail client reads them."""
    mail = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(wire)
    assert all(not part.defects for part in mail.walk())
    headers = [(name, str(value)) for name, value in mail.items() if name != "Content-Type"]
    assert mail.get_content_type() == "multipart/alternative"
    parts = [(str(part.items()), part.get_content()) for part in mail.iter_parts()]
    return headers, parts


@pytest.fixture
def busy(hugging_face: Any) -> Edition:
    """An edition of forty papers, some of them with odd texts."""
    records = [
        make_record(
            f"2608.1{n:04}",
            f"{WORDS[n % 5].title()} {ODD if n % 7 == 0 else ''} {n}",
            abstract=f"We study {WORDS[n % 3]} and {WORDS[(n + 1) % 5]}. " * (n % 9) + (ODD if n % 4 == 0 else ""),
            authors=tuple(f"Author Nº {a}" for a in range(n % 12)),
            votes=(n * 7) % 40,
        )
        for n in range(40)
    ]
    papers.ingest(hugging_face, records, TODAY)
    edition = publication.publish(TODAY, now=NOW).edition
    assert edition is not None
    Paper.objects.filter(pk__in=list(Paper.objects.values_list("pk", flat=True)[:9])).update(
        github_url="https://github.com/a/b?c=1&d=2",
        github_stars=1234,
        organization="Ünï <AI>",
        project_url="https://p.example/",
    )
    return edition


@pytest.fixture
def topics(db: None) -> list[Topic]:
    return [
        Topic.objects.create(slug=f"t{n}", name=name, group="All", phrases=[WORDS[n]])
        for n, name in enumerate(["Agents & “friends”", "Diffusion", "Learning <deep>"])
    ]


@pytest.fixture
def short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "MAX_REST", 0.01)


@pytest.fixture
def sink(settings: Any, short_rests: None) -> Iterator[Sink]:
    with Sink() as server:
        settings.EMAIL_BACKEND = SMTP_BACKEND
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server
