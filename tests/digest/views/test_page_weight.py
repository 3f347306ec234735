"""The size and the queries of the first page on the largest recorded days."""

import datetime as dt
import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from digest import papers
from digest.editions import publication
from digest.models import Source
from digest.sources import huggingface
from subscriptions.topics import catalogue
from tests.conftest import NOW, TODAY, make_record

MAX_BYTES = 60 * 1024
MAX_QUERIES = 12
STATIC = Path(__file__).resolve().parent.parent.parent.parent / "static"
_WITH_THE_PAGE = re.compile(r'(?:<link rel="stylesheet" href|<script src)="/static/([\w-]+)(?:\.\w{12})?(\.\w+)"')


def weigh(client: Client) -> int:
    """Return the bytes sent for `/`, with its style sheet and scripts."""
    page = client.get("/", headers={"accept-encoding": "gzip"})
    assert page["Content-Encoding"] == "gzip"
    html = gzip.decompress(page.content).decode()
    named = ["".join(found) for found in _WITH_THE_PAGE.findall(html)]
    assert "style.css" in named
    return len(page.content) + sum(len(gzip.compress((STATIC / name).read_bytes())) for name in named)


def publish(day: dt.date) -> None:
    assert publication.publish(day, now=NOW).edition


@pytest.mark.parametrize("day", ["2025-09-30", "2025-10-02", "2026-08-18"])
def test_it_is_light_on_real_days(
    client: Client, hugging_face: Source, recorded: Callable[[str], bytes], day: str
) -> None:
    catalogue.load()
    batch = huggingface.parse(recorded(f"hf/{day}.json"), dt.date.fromisoformat(day))
    papers.ingest(hugging_face, batch.records, dt.date.fromisoformat(day))
    publish(dt.date.fromisoformat(day))
    assert weigh(client) <= MAX_BYTES


def test_it_is_light_however_long_the_abstracts_are(client: Client, hugging_face: Source) -> None:
    catalogue.load()
    # Words that hardly repeat: a page of real ones packs better.
    words = [f"{number * 7919 % 99991:x}" for number in range(60_000)]
    records = [
        make_record(f"2608.1{n:04}", " ".join(words[n * 12 : n * 12 + 12]), votes=n,
                    abstract=" ".join(words[n * 90 : n * 90 + 90]), authors=tuple(words[n : n + 30]))
        for n in range(200)
    ]  # fmt: skip
    papers.ingest(hugging_face, records, TODAY)
    publish(TODAY)
    assert weigh(client) <= MAX_BYTES


@pytest.mark.parametrize(
    "path",
    [
        "/", "/2026-08-20/?topic=reasoning", "/2026-08-20/?page=2", "/topics/", "/topics/reasoning/",
        "/months/2026-08/", "/weeks/2026-W34/", "/papers/arxiv:2608.10001/", "/feeds/latest.atom",
    ],
)  # fmt: skip
def test_it_asks_little_of_the_database(
    client: Client, hugging_face: Source, django_assert_max_num_queries: Any, path: str
) -> None:
    catalogue.load()
    records = [make_record(f"2608.1{n:04}", f"Reasoning models and chains of thought {n}") for n in range(90)]
    papers.ingest(hugging_face, records, TODAY)
    publish(TODAY)
    client.get("/papers/arxiv:2608.10002/")  # each process makes the index of similar papers once
    with django_assert_max_num_queries(MAX_QUERIES):
        assert client.get(path).status_code == 200
