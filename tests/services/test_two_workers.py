"""Two workers that fetch and publish at the same moment leave the same rows as one."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from digest import editions
from digest.intake import collecting
from digest.models import Edition, Listing, Paper, Source
from tests.conftest import NOW, TODAY
from tests.upstream import Upstream

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
WORKERS = 4


def at_once(work: Callable[[], object]) -> None:
    """Do `work` in several threads that begin together, each with a database connection of its own."""
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
        collecting.collect_one(day, TODAY)
        editions.publish(TODAY, now=NOW)

    at_once(work)
    of_many = rows()
    assert Edition.objects.count() == 1
    assert len(of_many) == 120
    for model in (Listing, Paper, Edition):
        model.objects.all().delete()
    work()
    assert rows() == of_many
