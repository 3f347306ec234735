"""Workers that fetch and publish at the same moment leave the same rows as a single one."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from digest import papers
from digest.editions import publication
from digest.ingest import fetcher
from digest.models import Edition, Listing, Paper, Source
from digest.papers import deduplication
from digest.sources.records import PaperRecord
from tests.conftest import NOW, TODAY, make_record
from tests.upstream import Upstream

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
WORKERS = 4


def at_once(work: Callable[[], object]) -> None:
    """Run `work` in several threads that start together, each with its own database connection."""
    start = threading.Barrier(WORKERS)
    errors: list[Exception] = []

    def run() -> None:
        try:
            start.wait()
            work()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def rows() -> list[Any]:
    papers = Paper.objects.order_by("key").values_list("key", "title", "votes", "edition__day", "edition_votes")
    return [*papers, *Listing.objects.order_by("paper__key").values_list("paper__key", "day", "votes")]


@pytest.fixture
def day(upstream: Upstream, hugging_face: Source) -> Source:
    papers = [
        {
            "id": f"2608.{number:05}",
            "title": f"A Paper of Number {number} on Agents",
            "summary": "S.",
            "upvotes": number,
        }
        for number in range(60)
    ]
    upstream.say("/api/daily_papers", json.dumps([{"paper": paper} for paper in papers]))
    return hugging_face


def test_it_leaves_the_same_rows_as_one_worker(day: Source) -> None:
    def work() -> None:
        fetcher.fetch_one(day, TODAY)
        publication.publish(TODAY, now=NOW)

    at_once(work)
    of_many = rows()
    assert Edition.objects.count() == 1
    assert len(of_many) == 120
    for model in (Listing, Paper, Edition):
        model.objects.all().delete()
    work()
    assert rows() == of_many


def test_it_publishes_one_of_two_papers_that_are_being_merged(
    hugging_face: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Source.objects.create(kind="feed", key="https://example.org/feed.xml", name="A journal")
    doi, title = "10.1234/abc", "A Title of the Journal's Own"
    papers.ingest(journal, [PaperRecord(key=f"doi:{doi}", title=title, url="https://example.org/a", day=TODAY)], TODAY)
    papers.ingest(hugging_face, [make_record("2608.00001", "Sorting Algorithms")], TODAY)
    publisher = threading.Thread(target=publish)
    fold = deduplication._merge_into

    def publish_meanwhile(paper: Paper, into: Paper) -> None:
        publisher.start()
        wait_for(publisher)
        fold(paper, into)

    monkeypatch.setattr(deduplication, "_merge_into", publish_meanwhile)
    papers.enrich(["arxiv:2608.00001"], [make_record("2608.00001", "Sorting Algorithms", doi=doi)], now=NOW)
    publisher.join()
    assert Paper.objects.get().edition == Edition.objects.get()


def publish() -> None:
    publication.publish(TODAY, now=NOW)
    connection.close()


def wait_for(thread: threading.Thread) -> None:
    """Wait until the thread has ended, or waits for our transaction."""
    waiting = (
        "SELECT FROM pg_locks AS ours JOIN pg_locks AS theirs USING (transactionid) "
        "WHERE ours.pid = pg_backend_pid() AND NOT theirs.granted"
    )
    with connection.cursor() as cursor:
        while thread.is_alive():
            cursor.execute(waiting)
            if cursor.rowcount:
                break
