"""The optional indexes for searching readers by a part of an address or of their own words."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from digest.ops.health import doctor
from subscriptions import address_index
from subscriptions.admin import large_tables
from subscriptions.models import TopicFilter
from tests.conftest import make_reader

postgresql_alone = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="only PostgreSQL has this index")
LIST = "/admin/subscriptions/subscriber/"
FOLLOWS = "/admin/subscriptions/topicfilter/"


@pytest.fixture
def no_index() -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {address_index.NAME}, {address_index.WORDS}")


def index_addresses() -> str:
    output = io.StringIO()
    call_command("index_addresses", stdout=output)
    return output.getvalue()


def plan_of(term: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # a table of a few rows is read without an index
    return f"{large_tables._with_part(term).order_by().explain()}\n{large_tables.find_filters_by_words(term).explain()}"


@pytest.mark.django_db
def test_sqlite_has_no_such_index() -> None:
    if connection.vendor == "sqlite":
        assert not address_index.is_missing()
        with pytest.raises(CommandError, match="Only PostgreSQL"):
            index_addresses()


@postgresql_alone
@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_index")
@pytest.mark.parametrize("dropped", [address_index.NAME, address_index.WORDS])
def test_the_command_creates_each_index_once(dropped: str) -> None:
    assert not address_index.exists()
    assert "ready" in index_addresses()
    assert address_index.exists()
    assert "already" in index_addresses()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {dropped}")
    assert "ready" in index_addresses()
    assert address_index.exists(dropped)


@postgresql_alone
@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_index")
def test_the_index_finds_a_part_of_own_words(admin_client: Client) -> None:
    reader = make_reader("ada@example.org")
    reader.filters.create(words='"Straße networks"')
    other = make_reader("bob@example.org")
    TopicFilter.objects.bulk_create(TopicFilter(subscriber=other, words=f'"robot {row}"') for row in range(1_000))
    index_addresses()
    with transaction.atomic():
        assert address_index.WORDS in plan_of("STRASS")
        for term in ("straße", "NETWORKS", "net"):
            assert [row.subscriber for row in admin_client.get(FOLLOWS, {"q": term}).context["cl"].result_list] == [
                reader
            ]
            assert list(admin_client.get(LIST, {"q": term}).context["cl"].result_list) == [reader]


@postgresql_alone
@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_index")
def test_the_index_finds_a_part_of_an_address(admin_client: Client) -> None:
    make_reader("Ada.Lovelace_1@example.org")
    make_reader("adaXlovelaceX1@example.com")
    index_addresses()
    with transaction.atomic():
        assert address_index.NAME in plan_of("LOVE")
        for term in ("a.lovelace_1@", "LOVELACE_", "_1@exam"):
            rows = admin_client.get(LIST, {"q": term}).context["cl"].result_list
            assert [reader.email for reader in rows] == ["Ada.Lovelace_1@example.org"], term


@postgresql_alone
@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_index")
def test_the_index_finds_two_letters_at_the_beginning_of_an_address_or_a_domain(admin_client: Client) -> None:
    for email in ("Zq@example.org", "ada@ZQ.example", "bazq@example.org"):
        make_reader(email)

    def search(term: str) -> tuple[set[str], bool]:
        page = admin_client.get(LIST, {"q": term})
        return {reader.email for reader in page.context["cl"].result_list}, b"that begin with this" in page.content

    everywhere = {"Zq@example.org", "ada@ZQ.example", "bazq@example.org"}
    assert search("zq") == (everywhere, False)
    index_addresses()
    with transaction.atomic():
        assert address_index.NAME in plan_of("zq")
        assert search("ZQ") == ({"Zq@example.org", "ada@ZQ.example"}, True)
        assert search("@z") == ({"ada@ZQ.example"}, True)
        assert search("azq") == ({"bazq@example.org"}, False)


@postgresql_alone
@pytest.mark.both_databases
@pytest.mark.django_db
@pytest.mark.parametrize("part", ["EXTENSION", "CREATE INDEX"])
def test_an_index_that_postgresql_refuses_is_explained(part: str) -> None:
    def refuse(execute: Any, sql: str, *arguments: Any) -> Any:
        if "CONCURRENTLY IF EXISTS" in sql:
            return None  # no transaction may run it
        if part in sql:
            raise ProgrammingError('permission denied to create extension "pg_trgm"\nHINT: …')
        return execute(sql, *arguments)

    with connection.execute_wrapper(refuse), pytest.raises(CommandError, match=r"permission denied.*contrib"):
        index_addresses()


@pytest.mark.django_db
@pytest.mark.parametrize("is_missing", [True, False])
def test_the_doctor_recommends_the_index_to_a_large_site(monkeypatch: pytest.MonkeyPatch, is_missing: bool) -> None:
    monkeypatch.setattr(address_index, "is_missing", lambda: is_missing)
    said = [finding.said for finding in doctor.examine(with_dns=False) if finding.name == "Search"]
    assert len(said) == is_missing
    assert all("index_addresses" in each for each in said)


@postgresql_alone
@pytest.mark.both_databases
@pytest.mark.django_db
def test_the_index_is_missing_on_a_large_site_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not address_index.is_missing()
    monkeypatch.setattr(address_index, "WORTHWHILE", -1)
    for name in (address_index.NAME, address_index.WORDS):
        assert address_index.is_missing()
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE INDEX {name} ON subscriptions_subscriber (email)")
    assert not address_index.is_missing()
