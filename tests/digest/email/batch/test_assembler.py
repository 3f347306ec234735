"""Overridden templates: the email stays correct, however they are written."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from django.conf import settings
from django.template import engines
from django.template.backends.jinja2 import Jinja2
from jinja2 import ChoiceLoader, DictLoader

from digest.email.batch import assembler
from digest.models import Edition
from subscriptions.models import Subscriber, Topic
from tests.conftest import make_reader
from tests.digest.email.batch.test_same_email import check, make_deliveries

TEMPLATES = Path(settings.BASE_DIR) / "templates" / "email"


@pytest.fixture
def override() -> Iterator[Any]:
    """Return a function that changes a template in one place."""
    environment: Any = cast(Jinja2, engines["jinja2"]).env
    loader = environment.loader
    overridden: dict[str, str] = {}

    def change(name: str, old: str, new: str) -> None:
        source = (TEMPLATES / name).read_text()
        assert old in source
        overridden[f"email/{name}"] = source.replace(old, new, 1)
        environment.cache.clear()

    environment.loader = ChoiceLoader([DictLoader(overridden), loader])
    yield change
    environment.loader = loader
    environment.cache.clear()


def check_all(edition: Edition, readers: list[Subscriber], caplog: pytest.LogCaptureFixture) -> bool:
    """Check all emails, and return whether they were assembled from parts."""
    caplog.clear()
    check(make_deliveries(edition, readers), from_parts=False)
    return "one by one" not in caplog.text


@pytest.fixture
def readers(edition: Edition) -> list[Subscriber]:
    return [make_reader(f"r{n}@example.org", words="diffusion, learning") for n in range(3)]


GIST = "{{ gist(match.paper, match.findings, is_lead) }}"
PAPER = (
    "{{ papers.paper(match, opinion_url, heading=headings[loop.index0], under=groups[loop.index0], "
    "is_lead=loop.first) }}"
)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("digest.html", PAPER, "<hr>{{ loop.index }}" + PAPER),
        ("digest.html", PAPER, PAPER.replace(", is_lead=loop.first", "")),
        ("digest.html", PAPER, PAPER.replace("loop.first", "loop.last")),
        ("_papers.html", GIST, "{{ facts(match.paper) }}" + GIST),
        ("_papers.html", "shown.text|emphasized(findings)", "shown.text"),
        ("_papers.txt", "* {{", "- {{"),
        ("digest.txt", "{{ say.date() }}", "{{ say.date()|upper }}\n\n.hidden"),
        ("email.css", "p {", "p { text-align: left;"),
    ],
)
def test_it_splits_templates_that_follow_the_rules(
    edition: Edition, readers: list[Subscriber], override: Any, caplog: Any, now: Any, name: str, old: str, new: str
) -> None:
    override(name, old, new)
    assert check_all(edition, readers, caplog)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (
            "digest.html",
            "{% if digest.more and not say.follows_nothing %}",
            "{{ digest.for_you[0].paper.title }}{% if digest.more and not say.follows_nothing %}",
        ),
        ("digest.html", "{{ say.lead()|forceescape }}", "{{ subscriber.email }}"),
        ("digest.html", PAPER, "{{ match.paper.title }}"),
        ("_papers.html", "{{ line }}", "{{ line }} {{ line }}"),
        ("_papers.txt", "{{ line }}", "{{ line|upper }}"),
        ("digest.txt", "{{ say.why_this_mail()|wrapped }}", "{{ say.why_this_mail()|wordwrap(30) }}"),
        ("email.css", "p {", ".paper + .paper { color: #123456; } p {"),
        ("email.css", "p {", ".paper:first-of-type { color: #123456; } p {"),
    ],
)
def test_it_makes_emails_one_by_one_if_templates_break_the_rules(
    edition: Edition, readers: list[Subscriber], override: Any, caplog: Any, now: Any, name: str, old: str, new: str
) -> None:
    override(name, old, new)
    assert not check_all(edition, readers, caplog)


@pytest.mark.parametrize("new", ["{{ section(heading) }}{{ heading }}", "{{ section(heading) }}<hr>", ""])
def test_headings_may_change_as_long_as_the_papers_stay_the_same(
    edition: Edition, topics: list[Topic], override: Any, caplog: Any, now: Any, new: str
) -> None:
    override("_papers.html", "{{ section(heading) }}", new)
    grouped = make_reader("grouped@example.org", topics, "diffusion")
    assert check_all(edition, [grouped], caplog) == ("<hr>" in new)


def test_it_compares_one_email_of_each_kind(
    edition: Edition, readers: list[Subscriber], monkeypatch: pytest.MonkeyPatch, now: Any
) -> None:
    asked: list[bool] = []

    def alike(one: bytes, other: bytes) -> bool:
        asked.append(one != other)
        return True

    monkeypatch.setattr(assembler, "have_same_content", alike)
    check(make_deliveries(edition, readers))
    assert len(asked) == 1
