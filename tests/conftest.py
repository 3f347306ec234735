"""Shared fixtures: readers, papers, an upstream server on loopback, and the recorded input."""

import datetime as dt
import gc
import math
import os
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import hypothesis
import pytest
import time_machine
from django.apps import apps
from django.conf import settings as django_settings
from django.db.models.signals import post_migrate
from django.template import engines
from django.template.backends.jinja2 import Jinja2
from django.utils import timezone
from jinja2 import FileSystemBytecodeCache
from playwright.sync_api import Browser

from digest import clock, papers
from digest.delivery import high_water
from digest.editions import publication
from digest.matching.cache import BoundedCache
from digest.models import Edition, Source
from digest.ops.health import doctor, incidents, pulse
from digest.personalization import likes
from digest.sources.records import PaperRecord
from digest.views import page_cache
from subscriptions import brand, slow_counts
from subscriptions.models import Subscriber, Topic
from subscriptions.readers import lifecycle
from subscriptions.readers.preferences import Preferences
from subscriptions.security import bot_check
from tests.browser import CHROMIUM, chromium
from tests.environment import SERVICES
from tests.upstream import Upstream

# Use the same examples in every run, however slow the machine is. HYPOTHESIS_PROFILE=default looks for new ones.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("quick", derandomize=True, deadline=None, max_examples=25)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# A secure hash takes a third of a second, and each test of the admin makes a user.
django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Look for static files when one is requested. Otherwise each test client lists them all, which takes a third of a test.
django_settings.WHITENOISE_AUTOREFRESH = True

gc.set_threshold(20_000, 20, 20)  # collecting as often as by default takes a tenth of the time

pulse.start_web = lambda: None  # no thread of a test may look after the site

RECORDED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
# A Thursday noon, UTC. Tests that need another time travel there themselves.
NOW = dt.datetime(2026, 8, 20, 12, tzinfo=dt.UTC)
TODAY = NOW.date()


@pytest.hookimpl(tryfirst=True)  # before pytest selects tests by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use a database. Skip those that need PostgreSQL and Redis if the run uses SQLite."""
    skip = pytest.mark.skip("needs PostgreSQL and Redis, where make test runs it: CONTRIBUTING.md says how")
    for item in items:
        if {"db", "transactional_db"} & set(getattr(item, "fixturenames", ())) or item.get_closest_marker("django_db"):
            item.add_marker("database")
        if item.get_closest_marker("services") and not SERVICES:
            item.add_marker(skip)


def add_default_sources(**_: object) -> None:
    """Add the default sources again, because a test with real transactions empties all tables when it ends."""
    import_module("digest.migrations.0002_default_sources").add_sources(apps, None)


post_migrate.connect(add_default_sources, sender=apps.get_app_config("digest"))


@pytest.fixture
def now() -> Iterator[dt.datetime]:
    """Stop the clock at NOW."""
    with time_machine.travel(NOW, tick=False):
        yield timezone.now()


@pytest.fixture(autouse=True, scope="session")
def _umask() -> None:
    """Undo the umask of an entry point that a test module imports: other users' programs read files of the tests."""
    os.umask(0o022)


@pytest.fixture(autouse=True, scope="session")
def _compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Share compiled templates among the workers of this run. Each would take seconds to compile all of them."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # the workers' own folders are in it
    cast(Jinja2, engines["jinja2"]).env.bytecode_cache = FileSystemBytecodeCache(str(folder))


@pytest.fixture(autouse=True)
def _brand() -> None:
    """Forget the cached brand, because each test has its own database."""
    brand.clear_cache()


@pytest.fixture(autouse=True)
def _no_incidents() -> None:
    """Forget what the admin's first page showed, because each test has its own database."""
    incidents.clear_cache()
    doctor.clear_counts()


@pytest.fixture(autouse=True)
def _no_kept_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep no counts for the next test, however slow this machine is."""
    monkeypatch.setattr(slow_counts, "SLOW", math.inf)


@pytest.fixture(autouse=True)
def _no_liked_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the papers that readers liked, which are known by keys of the database, because each test has its own."""
    monkeypatch.setattr(likes, "_examples", BoundedCache(100))
    likes._make_background.cache_clear()


@pytest.fixture(autouse=True)
def own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the clock of this process, because tests travel in time and the database's clock does not."""
    monkeypatch.setattr(clock, "now", timezone.now)


@pytest.fixture(autouse=True)
def outbox_folder(settings: Any, tmp_path: Path) -> Path:
    settings.OUTBOX_DIR = tmp_path / "outbox"
    return tmp_path / "outbox"


@pytest.fixture(autouse=True)
def _own_high_water_mark(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget how far the test before has sent, because each test has its own database."""
    settings.RECOVERY_DIR = tmp_path / "recovery"
    monkeypatch.setattr(high_water, "_seen", {})


@pytest.fixture(autouse=True)
def _empty_page_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start with an empty page cache, because tests change settings and processes in production don't."""
    monkeypatch.setattr(page_cache, "cache", page_cache.PageCache(page_cache.MAX_BYTES))


@pytest.fixture
def upstream(settings: Any) -> Iterator[Upstream]:
    """A server on loopback that replaces Hugging Face and arXiv."""
    with Upstream() as server:
        settings.HUGGINGFACE_URL = server.url
        settings.ARXIV_FEEDS_URL = settings.ARXIV_API_URL = settings.ARXIV_OAI_URL = server.url
        yield server


@pytest.fixture
def recorded() -> Callable[[str], bytes]:
    """Return a reader of recorded input by its path below the data folder. Skip the test if that folder is absent."""
    if not RECORDED.is_dir():
        pytest.skip("recorded answers of the real services are not part of this repository")
    return lambda path: (RECORDED / path).read_bytes()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Share one browser among all tests, because Playwright's event loop stays in this thread until it is closed."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: CONTRIBUTING.md says how")
    # This thread has an event loop, so Django would refuse the tests' queries as calls from async code.
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
    """An active reader who follows Learning and a few filters of her own."""
    return make_reader("alice@example.org", topics=[learning], words="diffusion, author:Ada Lovelace, -survey")


@pytest.fixture
def bob(vision: Topic) -> Subscriber:
    """A reader who signed up and has not confirmed."""
    lifecycle.sign_up("bob@example.org", Preferences(topics=[vision]), now=NOW)
    return Subscriber.objects.get(email="bob@example.org")


@pytest.fixture
def charlie(learning: Topic) -> Subscriber:
    """A former reader who unsubscribed."""
    reader = make_reader("charlie@example.org", topics=[learning])
    lifecycle.unsubscribe(reader, now=NOW)
    return reader


@pytest.fixture
def edition(hugging_face: Source) -> Edition:
    """Today's edition of three papers: on learning (30 votes), on diffusion (20) and a survey of both (10)."""
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
    """Return a reader who has been active since a week before NOW."""
    since = NOW - dt.timedelta(days=7)
    lifecycle.sign_up(email, Preferences(topics=topics, words=words, **wishes), now=since)
    reader = Subscriber.objects.get(email=email)
    lifecycle.confirm(reader, now=since)
    reader.owed_notices.all().delete()  # the welcome email arrived long ago
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
    """Return the hidden field `stamp` of a form that was shown `seconds` ago."""
    with time_machine.travel(timezone.now() - dt.timedelta(seconds=seconds), tick=False):
        return bot_check.stamp()
