"""Lists of tables with millions of rows."""

from typing import Any

import pytest
from django.test import Client

from digest.delivery import planner
from digest.models import Delivery, Edition
from digest.ops import slow_counts
from subscriptions.admin import large_tables
from subscriptions.admin.large_tables import LargeTablePaginator
from subscriptions.models import Subscriber
from tests.conftest import NOW, make_reader

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
LIST = "/admin/subscriptions/subscriber/"


@pytest.fixture
def readers() -> list[Subscriber]:
    return [make_reader(f"reader-{number}@example.org", words="diffusion" if number else "") for number in range(6)]


def found(client: Client, path: str, term: str) -> set[str]:
    rows = client.get(path, {"q": term}).context["cl"].result_list
    return {getattr(row, "subscriber", row).email.partition("@")[0] for row in rows}


def test_it_counts_a_short_list_exactly(readers: list[Subscriber]) -> None:
    assert LargeTablePaginator(Subscriber.objects.order_by("-pk"), 4).count == 6
    assert LargeTablePaginator(Subscriber.objects.order_by("-pk"), 4).num_pages == 2
    assert LargeTablePaginator(Subscriber.objects.none(), 4).num_pages == 1


def test_it_estimates_a_long_list_and_shows_its_beginning(
    readers: list[Subscriber], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_tables, "COUNTED", 4)
    paginator = LargeTablePaginator(Subscriber.objects.order_by("-pk"), 2)
    assert paginator.count >= 5
    assert paginator.num_pages == 2
    assert [reader.email for reader in paginator.page(2)] == ["reader-3@example.org", "reader-2@example.org"]


@pytest.mark.parametrize(
    ("term", "names"),
    [
        ("READER-1@example.org", {"reader-1"}),
        ("reader-2", {"reader-2"}),
        ("@example.org", {f"reader-{number}" for number in range(6)}),
        ("diffus", {f"reader-{number}" for number in range(1, 6)}),
        ("nothing", set()),
    ],
)
def test_readers_are_found_by_address_and_by_words(
    admin_client: Client, readers: list[Subscriber], term: str, names: set[str]
) -> None:
    assert found(admin_client, LIST, term) == names


def test_a_reader_is_found_by_uid(admin_client: Client, readers: list[Subscriber]) -> None:
    assert found(admin_client, LIST, str(readers[3].uid)) == {"reader-3"}


@pytest.mark.usefixtures("now")
def test_deliveries_are_found_by_the_address_of_their_reader(
    admin_client: Client, readers: list[Subscriber], edition: Edition
) -> None:
    planner.plan_everyone(edition, now=NOW)
    assert Delivery.objects.count() == 6
    assert found(admin_client, "/admin/digest/delivery/", "Reader-4@example.org") == {"reader-4"}
    assert found(admin_client, "/admin/digest/delivery/", "reader-5") == {"reader-5"}
    assert found(admin_client, "/admin/digest/delivery/", "") == {f"reader-{number}" for number in range(6)}


def test_a_count_is_kept_only_if_it_took_long(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, calls = [0.0], list[int]()

    def count(takes: float) -> Any:
        def counted() -> int:
            calls.append(1)
            seconds[0] += takes
            return len(calls)

        return counted

    monkeypatch.setattr("digest.clock.seconds", lambda: seconds[0])
    assert [slow_counts.remembered("quick", count(0.1)) for _ in range(2)] == [1, 2]
    assert [slow_counts.remembered("slow", count(2)) for _ in range(2)] == [3, 3]
