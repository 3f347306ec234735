"""Lists of tables with millions of rows."""

from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.core.cache import cache
from django.db import connection
from django.db.models import Model
from django.db.models.functions import Lower
from django.test import Client
from django.test.html import parse_html
from django.test.utils import CaptureQueriesContext

from digest.delivery import planner
from digest.models import Delivery, Edition, Opinion, Paper, SavedPaper
from subscriptions import slow_counts
from subscriptions.admin import large_tables
from subscriptions.admin.large_tables import LargeTableAdmin, LargeTablePaginator
from subscriptions.admin.long_select import LongSelect
from subscriptions.models import Catalogue, Consent, Device, Subscriber, Topic, TopicFilter
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


@pytest.mark.parametrize("order", [[Lower("email")], [Lower("email").desc()], ["-pk"], ["status", "-pk"]])
def test_a_short_list_is_sorted_as_a_long_one(
    readers: list[Subscriber], order: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pages() -> list[list[str]]:
        paginator = LargeTablePaginator(Subscriber.objects.exclude(status="pending").order_by(*order), 2)
        return [[reader.email for reader in paginator.page(number)] for number in (1, 2, 3)]

    short = pages()
    monkeypatch.setattr(large_tables, "COUNTED", 5)
    assert short == pages()


def test_a_short_list_is_not_read_in_the_order_of_an_index(
    admin_client: Client, readers: list[Subscriber], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin.site._registry[Subscriber], "list_per_page", 4)
    with CaptureQueriesContext(connection) as queries:
        page = admin_client.get(LIST, {"status__exact": "active", "o": "1"})
    assert [reader.email for reader in page.context["cl"].result_list] == [reader.email for reader in readers[:4]]
    sorting = [query["sql"] for query in queries if "ORDER BY COALESCE(LOWER" in query["sql"]]
    assert len(sorting) == (connection.vendor == "postgresql")


def test_a_page_of_a_search_is_read_by_its_own_keys_alone(
    admin_client: Client, readers: list[Subscriber], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin.site._registry[Subscriber], "list_per_page", 4)
    with CaptureQueriesContext(connection) as queries:
        page = admin_client.get(LIST, {"q": "@example.org", "o": "-1"})
    assert [reader.email for reader in page.context["cl"].result_list] == [reader.email for reader in readers[:1:-1]]
    (reading,) = [query["sql"] for query in queries if '."unsubscribed_at" FROM' in query["sql"]]
    assert reading.count(" IN (") == 1


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


def test_a_search_that_may_lack_readers_says_so(
    admin_client: Client, readers: list[Subscriber], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_tables, "FOUND", 6)
    monkeypatch.setattr("subscriptions.admin.readers.FOUND", 6)
    for path in (LIST, "/admin/digest/delivery/"):
        assert "The search finds 6 readers at most" in admin_client.get(path, {"q": "@example.org"}).content.decode()
        assert "The search finds" not in admin_client.get(path, {"q": "reader-1@"}).content.decode()


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


def _orders(page: Any) -> Iterator[Any]:
    """Yield what the list of `page` can be sorted by."""
    yield from page.ordering
    for column in page.sortable_by:
        display = getattr(page, column, None)
        yield getattr(display, "admin_order_field", None) or column


def _indexed(model: type[Model]) -> set[str]:
    """Return the columns and expressions with an index of all rows that begins with them."""
    meta = model._meta
    columns: Any = meta.concrete_fields
    fields = {field.name for field in columns if field.primary_key or field.unique or field.db_index}
    indexes = [index for index in (*meta.indexes, *meta.constraints) if not getattr(index, "condition", None)]
    firsts = {index.fields[0].lstrip("-") for index in indexes if getattr(index, "fields", ())}
    expressions = {str(index.expressions[0]) for index in indexes if getattr(index, "expressions", ())}
    return {"pk", *fields, *firsts, *expressions}


LARGE = [page for page in admin.site._registry.values() if isinstance(page, LargeTableAdmin)]


@pytest.mark.parametrize("page", LARGE, ids=lambda page: page.model.__name__)
def test_a_large_table_is_sorted_only_by_what_has_an_index(page: Any) -> None:
    for order in _orders(page):
        assert str(order).lstrip("-") in _indexed(page.model), f"{page.model.__name__} by {order} has no index"


def test_a_large_table_counts_nothing_for_its_filters(admin_client: Client, readers: list[Subscriber]) -> None:
    assert "Show counts" in admin_client.get("/admin/digest/source/").content.decode()
    page = admin_client.get(LIST, {"_facets": "True"})
    assert not page.context["cl"].add_facets
    assert "Show counts" not in page.content.decode()


def test_the_largest_tables_have_such_lists() -> None:
    models = {page.model.__name__ for page in LARGE}
    assert {"Subscriber", "TopicFilter", "Consent", "Delivery", "DeliveryEvent", "Opinion", "LogEntry"} <= models


@pytest.mark.parametrize(("column", "order"), [(1, Lower("email")), (2, "-pk"), (3, "-pk"), (6, "pk")])
def test_the_address_can_only_sort_by_such_columns(
    admin_client: Client, readers: list[Subscriber], column: int, order: Any
) -> None:
    shown = admin_client.get(LIST, {"o": column}).context["cl"].result_list
    assert list(shown) == list(Subscriber.objects.order_by(order))


@pytest.mark.usefixtures("now")
def test_the_deliveries_of_an_edition_are_listed_by_reader(
    admin_client: Client, readers: list[Subscriber], edition: Edition
) -> None:
    planner.plan_everyone(edition, now=NOW)
    path = f"/admin/digest/delivery/?edition__id__exact={edition.pk}"
    for address in (path, f"{path}&o=5"):
        changelist = admin_client.get(address).context["cl"]
        assert changelist.queryset.query.order_by[:2] == ("-edition_id", "-subscriber_id")
        assert [row.subscriber for row in changelist.result_list] == readers[::-1]


def test_follows_are_found_by_address_words_and_topic(
    admin_client: Client, readers: list[Subscriber], learning: Topic, vision: Topic
) -> None:
    TopicFilter.objects.create(subscriber=readers[0], topic=vision)
    path = "/admin/subscriptions/topicfilter/"
    assert found(admin_client, path, "Reader-1@example.org") == {"reader-1"}
    assert found(admin_client, path, "iffusio") == {f"reader-{number}" for number in range(1, 6)}
    assert found(admin_client, path, vision.name[:5].lower()) == {"reader-0"}
    choices = admin_client.get(path).context["cl"].filter_specs[0].lookup_choices
    assert choices == [(vision.pk, vision.name)], "only topics that a reader follows"


def test_consents_are_found_by_uid_and_by_address(admin_client: Client, readers: list[Subscriber]) -> None:
    path = "/admin/subscriptions/consent/"
    for number in (1, 2):
        uid, version = readers[number].uid, f"version{number}"
        Consent.objects.create(reader_uid=uid, address_hash=f"hash{number}", event="asked", text_version=version)
    for term in (str(readers[1].uid), readers[1].uid.hex, "hash1"):
        rows = admin_client.get(path, {"q": term}).context["cl"].result_list
        assert {row.reader_uid for row in rows} == {readers[1].uid}
    with CaptureQueriesContext(connection) as queries:
        assert not admin_client.get(path, {"q": "version1"}).context["cl"].result_list
    assert not [query for query in queries if '"text_version" =' in query["sql"]], "no index serves it"


def test_devices_are_found_by_the_address_of_their_reader(admin_client: Client, readers: list[Subscriber]) -> None:
    path = "/admin/subscriptions/device/"
    for number in (1, 2):
        seen = {"signed_in_at": NOW, "last_seen_on": NOW.date()}
        Device.objects.create(subscriber=readers[number], token_hash=str(number), label="Firefox", **seen)
    with CaptureQueriesContext(connection) as queries:
        assert found(admin_client, path, "eader-1") == {"reader-1"}
    assert not [query for query in queries if "JOIN" in query["sql"] and "LIKE" in query["sql"]]
    assert found(admin_client, path, "@example.org") == {"reader-1", "reader-2"}


def test_a_long_select_box_is_that_of_django() -> None:
    choices: Any = [("", "---"), (1, "<one> & 1"), ("two", "Two")]
    for value in (None, "", 1, "two", "missing"):
        attributes = {"id": "id_box", "required": True, "aria-label": 'a "label"'}
        boxes = [kind(choices=choices).render("box", value, attributes) for kind in (LongSelect, forms.Select)]
        assert parse_html(boxes[0]) == parse_html(boxes[1])


def test_a_count_is_kept_only_if_it_took_long(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, calls = [0.0], list[int]()

    def count(takes: float) -> Any:
        def counted() -> int:
            calls.append(1)
            seconds[0] += takes
            return len(calls)

        return counted

    monkeypatch.setattr(slow_counts, "monotonic", lambda: seconds[0])
    monkeypatch.setattr(slow_counts, "SLOW", 0.5)
    assert [slow_counts.remembered("quick", count(0.1)) for _ in range(2)] == [1, 2]
    assert [slow_counts.remembered("slow", count(2)) for _ in range(2)] == [3, 3]


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("subscriptions/topic/", 'COUNT("subscriptions_topicfilter"."id")'),
        ("subscriptions/topic/?o=-2", 'COUNT("subscriptions_topicfilter"."id")'),
        ("subscriptions/catalogue/", "EXISTS"),
        ("digest/dailytotal/", 'AS "complaint"'),
    ],
)
def test_a_page_repeats_no_slow_count(
    admin_client: Client, alice: Subscriber, path: str, counts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Catalogue.objects.get_or_create(slug="ai", defaults={"is_on": True})

    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(f"/admin/{path}").status_code == 200
        return sum(counts in query["sql"] for query in queries)

    monkeypatch.setattr(slow_counts, "SLOW", -1)
    monkeypatch.setattr(slow_counts, "TIMES", 1e9)
    cache.clear()
    assert (counted() > 0, counted()) == (True, 0)
    cache.clear()


@pytest.mark.parametrize("model", [Opinion, SavedPaper])
def test_a_search_by_paper_or_reader_joins_no_tables(
    admin_client: Client, readers: list[Subscriber], model: type[Model]
) -> None:
    papers = [Paper.objects.create(key=f"arxiv:{title}", title=f"{title} of Graphs") for title in ("Theory", "Survey")]
    said = {"verdict": "like", "said_at": NOW} if model is Opinion else {"saved_at": NOW}
    for reader in readers[:3]:
        for paper in papers:
            model._default_manager.create(subscriber=reader, paper=paper, **said)
    path = f"/admin/digest/{model._meta.model_name}/"

    def rows(term: str) -> int:
        return len(admin_client.get(path, {"q": term}).context["cl"].result_list)

    assert [rows(term) for term in ("reader-1@", "theory", "graphs survey", "arxiv:S", "@example.org", "zq")] == [
        2, 3, 3, 3, 6, 0
    ]  # fmt: skip
    with CaptureQueriesContext(connection) as queries:
        rows("graphs")
    assert not [
        query for query in queries if "JOIN" in query["sql"] and "LIKE" in query["sql"]
    ]  # PostgreSQL reads all rows of three tables for one
