"""What tests share: a cast of readers, papers, an upstream on loopback, and the recorded input."""

import datetime as dt
import os
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import time_machine
from django.apps import apps
from django.conf import settings as django_settings
from django.db.models.signals import post_migrate
from django.utils import timezone
from playwright.sync_api import Browser

from digest import clock, papers
from digest.editions import publication
from digest.models import Edition, Source
from digest.sources.records import PaperRecord
from digest.views import page_cache
from subscriptions import brand
from subscriptions.models import Subscriber, Topic
from subscriptions.readers import lifecycle
from subscriptions.readers.preferences import Preferences
from subscriptions.security import bot_check
from tests.browser import CHROMIUM, chromium
from tests.environment import SERVICES
from tests.upstream import Upstream

# The same examples in every run, however slow the machine: HYPOTHESIS_PROFILE=default looks for new ones.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("quick", derandomize=True, deadline=None, max_examples=25)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# A password that is hard to guess costs a third of a second, and each test of the admin makes a user.
django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

RECORDED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
# A Thursday noon, UTC. Tests that need another moment travel there themselves.
NOW = dt.datetime(2026, 8, 20, 12, tzinfo=dt.UTC)
TODAY = NOW.date()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what makes sense on PostgreSQL and Redis alone, unless it runs there."""
    skip = pytest.mark.skip("needs PostgreSQL and Redis, where make test runs it: CONTRIBUTING.md says how")
    for item in items:
        if item.get_closest_marker("services") and not SERVICES:
            item.add_marker(skip)


def add_default_sources(**_: object) -> None:
    """Repeat what a migration did: a test with real transactions ends by emptying all tables."""
    import_module("digest.migrations.0002_default_sources").add_sources(apps, None)


post_migrate.connect(add_default_sources, sender=apps.get_app_config("digest"))


@pytest.fixture
def now() -> Iterator[dt.datetime]:
    """The clock stands at NOW."""
    with time_machine.travel(NOW, tick=False):
        yield timezone.now()


@pytest.fixture(autouse=True)
def _brand() -> None:
    """Each test has its own database, and none knows another's row."""
    brand.forget()


@pytest.fixture(autouse=True)
def own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests travel in time, and no database travels with them."""
    monkeypatch.setattr(clock, "now", timezone.now)


@pytest.fixture(autouse=True)
def outbox_folder(settings: Any, tmp_path: Path) -> Path:
    settings.OUTBOX_DIR = tmp_path / "outbox"
    return tmp_path / "outbox"


@pytest.fixture(autouse=True)
def _pages_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests change settings, which processes never do while they keep pages."""
    monkeypatch.setattr(page_cache, "cache", page_cache.PageCache(page_cache.MOST_BYTES))


@pytest.fixture
def upstream(settings: Any) -> Iterator[Upstream]:
    """A server on loopback that stands in for Hugging Face and arXiv."""
    with Upstream() as server:
        settings.HUGGINGFACE_URL = server.url
        settings.ARXIV_FEEDS_URL = settings.ARXIV_API_URL = settings.ARXIV_OAI_URL = server.url
        yield server


@pytest.fixture
def recorded() -> Callable[[str], bytes]:
    """The recorded input, by its path below the data folder; the test is skipped where that folder is absent."""
    if not RECORDED.is_dir():
        pytest.skip("recorded answers of the real services are not part of this repository")
    return lambda path: (RECORDED / path).read_bytes()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all tests: Playwright's event loop stays in this thread until it is closed."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: CONTRIBUTING.md says how")
    # Django would take the tests, in a thread with an event loop, for its callers from there.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with chromium() as running:
        yield running
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def hugging_face(db: None) -> Source:
    return Source.objects.get(kind=Source.Kind.HUGGINGFACE)  # made by a migration


@pytest.fixture
def learning(db: None) -> Topic:
    return Topic.objects.create(slug="learning", name="Learning", group="Methods", phrases=["reinforcement learning"])


@pytest.fixture
def vision(db: None) -> Topic:
    return Topic.objects.create(slug="vision", name="Vision", group="Methods", phrases=["image generation", "video"])


@pytest.fixture
def alice(learning: Topic) -> Subscriber:
    """An active reader, who follows Learning and a few words of her own."""
    return make_reader("alice@example.org", topics=[learning], words="diffusion, author:Ada Lovelace, -survey")


@pytest.fixture
def bob(vision: Topic) -> Subscriber:
    """Signed up, and has not confirmed."""
    lifecycle.sign_up("bob@example.org", Preferences(topics=[vision]), now=NOW)
    return Subscriber.objects.get(email="bob@example.org")


@pytest.fixture
def charlie(learning: Topic) -> Subscriber:
    """Was a reader, and has unsubscribed."""
    reader = make_reader("charlie@example.org", topics=[learning])
    lifecycle.unsubscribe(reader, now=NOW)
    return reader


@pytest.fixture
def edition(hugging_face: Source) -> Edition:
    """Today's edition of three papers: on learning (30 votes), diffusion (20) and a survey of both (10)."""
    records = [
        make_record("2608.00001", "Reinforcement Learning at Scale", votes=30),
        make_record("2608.00002", "Faster Diffusion", abstract="We generate video.", votes=20),
        make_record("2608.00003", "A Survey of Diffusion and Reinforcement Learning", votes=10),
    ]
    papers.ingest(hugging_face, records, TODAY)
    published = publication.publish(TODAY, now=NOW).edition
    assert published is not None
    return published


def make_reader(email: str, topics: Any = (), words: str = "", **wishes: Any) -> Subscriber:
    """An active reader since a week before NOW."""
    since = NOW - dt.timedelta(days=7)
    lifecycle.sign_up(email, Preferences(topics=topics, words=words, **wishes), now=since)
    reader = Subscriber.objects.get(email=email)
    lifecycle.confirm(reader, now=since)
    reader.owed_notices.all().delete()  # the welcome has long arrived
    reader.refresh_from_db()
    return reader


def make_record(arxiv_id: str, title: str, **fields: Any) -> PaperRecord:
    values: dict[str, Any] = {
        "abstract": f"About {title}.",
        "authors": ("Ada Lovelace", "Alan Turing"),
        "day": TODAY,
    } | fields
    return PaperRecord(key=f"arxiv:{arxiv_id}", title=title, url=f"https://arxiv.org/abs/{arxiv_id}", **values)


def stamped(seconds: float = 10) -> str:
    """What the hidden field `stamp` of a form holds that was shown so long ago."""
    with time_machine.travel(timezone.now() - dt.timedelta(seconds=seconds), tick=False):
        return bot_check.stamp()
