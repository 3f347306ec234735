"""Readers of each kind, and editions for them."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from digest import papers
from digest.editions import publication
from digest.models import Edition, Paper, Source, Thumbnail
from digest.sources import huggingface, sample
from digest.sources.records import PaperRecord
from subscriptions.models import Subscriber, Topic
from tests.conftest import NOW, RECORDED, TODAY, make_reader, make_record

TOPICS = ("reasoning", "rl-for-llms", "text-to-image", "vla-robots", "multilingual")
KINDS: dict[str, dict[str, Any]] = {
    "daily": {"topics": TOPICS[:2]},
    "weekly": {"topics": TOPICS, "frequency": Subscriber.Frequency.WEEKLY},
    "words": {"words": "agents, diffusion, author:Okafor, cat:cs.CL, -survey"},
    "follows-nothing": {},
    "wants-much": {"topics": TOPICS, "words": "model, learning, agents, data", "max_papers": 25},
    "quiet": {"words": "submarine archaeology", "mail_quiet_days": True},
    "german": {"topics": TOPICS[:3], "language": "de"},
}
HOSTILE = "<script>alert(1)</script> {{ 7*7 }} %(x)s <think>\r\nBcc: victim@example.org\r\n\r\n.\r\n" + "ü" * 200
HEBREW = "למידת חיזוק עמוקה"


def make_readers() -> list[Subscriber]:
    """Make one active reader of each kind."""
    return [make_kind(kind) for kind in KINDS]


def make_kind(kind: str) -> Subscriber:
    preferences = dict(KINDS[kind])
    topics = [make_topic(slug) for slug in preferences.pop("topics", ())]
    language = preferences.pop("language", "en")
    reader = make_reader(f"{kind}@example.org", topics=topics, **preferences)
    Subscriber.objects.filter(pk=reader.pk).update(language=language)
    reader.refresh_from_db()
    return reader


def make_topic(slug: str) -> Topic:
    phrases = [slug.partition("-")[0], *slug.split("-")[1:]]
    topic, _ = Topic.objects.get_or_create(
        slug=slug, defaults={"name": slug.replace("-", " ").capitalize(), "group": "Methods", "phrases": phrases}
    )
    return topic


def sample_day(day: dt.date = TODAY) -> Edition:
    """Publish the invented papers that `make demo` shows."""
    source, _ = Source.objects.get_or_create(kind=Source.Kind.SAMPLE, key="", defaults={"name": "Sample day"})
    return publish(source, list(sample.parse(sample.FILE.read_bytes(), day).records), day)


def recorded_days() -> list[str]:
    """Return the last twenty recorded days of Hugging Face, or none if there are no recordings."""
    return sorted(path.stem for path in (RECORDED / "hf").glob("20??-??-??.json"))[-20:]


def recorded_day(day: str) -> Edition:
    source, _ = Source.objects.get_or_create(kind=Source.Kind.HUGGINGFACE, defaults={"name": "Hugging Face"})
    date = dt.date.fromisoformat(day)
    body = (RECORDED / "hf" / f"{day}.json").read_bytes()
    return publish(source, list(huggingface.parse(body, date).records), date)


def add_pictures(papers: Iterable[Paper]) -> None:
    """Give each paper a picture, as fetched from its source."""
    rows = (
        Thumbnail(paper=paper, address="https://x.example", mark=f"{paper.pk:012x}", tried_at=NOW) for paper in papers
    )
    Thumbnail.objects.bulk_create(rows)


def hostile_day(day: dt.date = TODAY) -> Edition:
    """Publish papers with texts that try to add headers, HTML elements and text directions."""
    source, _ = Source.objects.get_or_create(kind=Source.Kind.HUGGINGFACE, defaults={"name": "Hugging Face"})
    texts: dict[str, Any] = {
        "day": day,
        "abstract": HOSTILE * 3,
        "summary": HOSTILE,
        "authors": (HOSTILE, HEBREW, "Ada Lovelace"),
        "organization": HOSTILE[:200],
    }
    urls = {"github_url": "https://example.org/a?b=1&c=\"'<x>", "project_url": "https://example.org/" + "x" * 900}
    records = [
        make_record("2608.00661", HOSTILE, votes=9, **texts, **urls),
        make_record(
            "2608.00662", HEBREW, votes=8, day=day, summary=HEBREW, abstract=f"{HEBREW}. " * 9, authors=(HEBREW,)
        ),
        make_record("2608.00663", ".", votes=7, day=day, abstract="." * 80, authors=()),
        make_record("2608.00664", "=?utf-8?q?=0d=0aBcc:?= From here\u2028on", votes=6, day=day, authors=("x" * 3000,)),
    ]
    return publish(source, records, day)


def some_day(day: dt.date) -> Edition:
    """Publish enough papers on one topic for a second page."""
    source, _ = Source.objects.get_or_create(kind=Source.Kind.HUGGINGFACE, defaults={"name": "Hugging Face"})
    records = [
        make_record(f"2608.2{number:04}", f"Reasoning, Part {number}", votes=100 - number, day=day)
        for number in range(45)
    ]
    return publish(source, records, day)


def publish(source: Source, records: list[PaperRecord], day: dt.date) -> Edition:
    papers.ingest(source, records, day)
    moment = dt.datetime.combine(day, NOW.timetz())
    published = publication.publish(day, now=moment).edition
    assert published is not None
    return published
