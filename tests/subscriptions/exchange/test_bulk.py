"""Statements that find or insert thousands of rows."""

import datetime as dt
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks import readers as crowd
from subscriptions.exchange import bulk, reader_import
from subscriptions.exchange.reader_file import ImportSettings, open_readers
from subscriptions.exchange.reader_import import ReaderImporter
from subscriptions.exchange.reader_store import ReaderStore
from subscriptions.models import Consent, Subscriber, Topic, TopicFilter
from tests.conftest import NOW, make_reader

pytestmark = pytest.mark.django_db
FIND: list[tuple[Any, str, Callable[[int], str]]] = [
    (Consent, "address_hash", lambda number: f"hash{number}"),
    (Consent, "reader_uid", lambda number: uuid.UUID(int=number).hex),
]


@pytest.mark.both_databases
def test_it_finds_rows_by_text_expression_and_uid() -> None:
    readers = [make_reader(f"Reader{number}@example.org") for number in range(3)]
    found = bulk.find(type(readers[0]), "LOWER(email)", ["reader1@example.org", "no@example.org"], ["id", "email"])
    assert found == [(readers[1].pk, "Reader1@example.org")]
    uids = [reader.uid.hex for reader in readers[:2]]
    rows = bulk.find(type(readers[0]), "uid", [*uids, uids[0], uuid.uuid4().hex], ["email"])
    assert sorted(rows) == [("Reader0@example.org",), ("Reader1@example.org",)]


@pytest.mark.both_databases
def test_it_inserts_times_and_uids_as_the_models_read_them() -> None:
    uid, at = uuid.uuid4(), dt.datetime(2024, 7, 1, 8, 0, 0, 123456, dt.timezone(dt.timedelta(hours=2)))
    bulk.insert(Consent, ("reader_uid", "happened_at", "where"), [(uid, at, 'a "b" \\ \n')], {"event": "imported"})
    row = Consent.objects.get()
    assert (row.reader_uid, row.happened_at, row.where) == (uid, at, 'a "b" \\ \n')


@pytest.mark.services
@pytest.mark.parametrize(("model", "expression", "value"), FIND)
def test_postgresql_looks_up_each_value_by_an_index(model: Any, expression: str, value: Callable[[int], str]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("The plan of PostgreSQL.")
    uid = "lpad(to_hex(n), 32, '0')::uuid"
    crowd.insert(
        Consent,
        {"reader_uid": uid, "address_hash": "'hash' || n", "event": "'imported'", "happened_at": crowd.moment()},
        crowd.numbers(20_000),
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE subscriptions_consent")
    with CaptureQueriesContext(connection) as queries:
        found = bulk.find(model, expression, [value(number) for number in range(1, 5001)], ["id"])
    assert len(found) == 5000
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {queries[0]['sql'].replace('%', '%%')}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Scan using" in plan
    assert "Seq Scan" not in plan


def test_a_batch_takes_as_many_statements_for_any_number_of_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Topic.objects.create(slug="robotics", name="Robotics", group="Robots", phrases=["robot"])
    monkeypatch.setattr(reader_import, "BATCH", 50)
    monkeypatch.setattr(reader_import, "reset_queries", lambda: None)
    path = tmp_path / "readers.csv"
    lines = [f"r{number}@example.org,robotics,{'diffusion' if number % 3 else ''}\n" for number in range(51)]
    path.write_text("".join(["email,tags,words\n", *lines]))
    file = open_readers(path, ImportSettings("form", "2024-01-01"), now=NOW)
    importer = ReaderImporter(file, by="ida", now=NOW)
    record = reader_import.begin(file, path, name="readers.csv", by="ida", now=NOW)
    statements = []
    for rows in (50, 51):
        with CaptureQueriesContext(connection) as queries:
            assert importer.store_next(record.pk) == rows
        statements.append(len(queries))
    assert statements == [statements[0]] * 2
    assert statements[0] <= 12


@pytest.mark.both_databases
@pytest.mark.parametrize("model", [Subscriber, TopicFilter, Consent])
def test_no_index_of_the_rows_of_a_reader_repeats_another(model: Any) -> None:
    partial = {index.name for index in model._meta.indexes if index.condition}
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    indexes = [
        each["columns"] for name, each in found.items() if each["columns"] and each["index"] and name not in partial
    ]
    repeated = [
        columns
        for place, columns in enumerate(indexes)
        for at, other in enumerate(indexes)
        if at != place and other[: len(columns)] == columns
    ]
    assert repeated == [], "each index takes time whenever a reader is added"


def test_an_import_leaves_out_a_reader_who_signs_up_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "readers.csv"
    path.write_text("email\nADA@example.org\ngrace@example.org\n")
    file = open_readers(path, ImportSettings("form", "2024-01-01"), now=NOW)
    record = reader_import.begin(file, path, name="readers.csv", by="ida", now=NOW)
    importer = ReaderImporter(file, by="ida", now=NOW)
    classify = ReaderStore.classify

    def classify_late(store: ReaderStore, *arguments: Any) -> Any:
        outcomes = classify(store, *arguments)
        make_reader("ada@example.org")
        return outcomes

    monkeypatch.setattr(ReaderStore, "classify", classify_late)
    list(importer.run(record))
    record.refresh_from_db()
    assert record.counts == {"new": 1, "known": 1}
