import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from digest.api import limits
from subscriptions.models import Consent, FormPost, OwedNotice, Subscriber, Topic
from subscriptions.readers import lifecycle, signup_queue
from subscriptions.readers.preferences import SWITCHES
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
READERS = "/api/v1/readers"
Program = Callable[..., Client]


def send(client: Client, path: str, given: Any, method: str = "POST") -> Any:
    return client.generic(method, path, json.dumps(given), content_type="application/json")


def test_a_sign_up_gets_the_confirmation_email_and_a_consent_that_names_the_token(
    program: Program, learning: Topic
) -> None:
    given = {"email": "new@example.org", "topics": ["learning"], "words": "diffusion", "frequency": "weekly"}
    answer = send(program("readers:write"), READERS, given)
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    signup_queue.process_pending(now=NOW)
    reader = Subscriber.objects.get()
    assert (reader.status, reader.frequency, reader.filters.count()) == ("pending", "weekly", 2)
    assert OwedNotice.objects.get().kind == OwedNotice.Kind.CONFIRM
    asked = Consent.objects.get()
    assert asked.where.startswith("API: program")
    assert asked.ip is None


def test_it_answers_the_same_for_known_and_suppressed_addresses(program: Program, alice: Subscriber) -> None:
    lifecycle.suppress("bad@example.org", "bounced")
    client = program("readers:write")
    answers = [send(client, READERS, {"email": f"{name}@example.org"}) for name in ("alice", "bad", "new")]
    assert len({answer.content for answer in answers}) == 1
    signup_queue.process_pending(now=NOW)
    assert not Subscriber.objects.filter(email="bad@example.org").exists()
    alice.refresh_from_db()
    assert alice.status == "active"


@pytest.mark.parametrize("name", [switch.name for switch in SWITCHES])
def test_it_changes_and_shows_each_switch(program: Program, alice: Subscriber, name: str) -> None:
    client = program("readers:write")
    for value in (True, False):
        shown = send(client, f"{READERS}/{alice.uid}", {name: value}, "PATCH").json()
        assert {switch.name for switch in SWITCHES if shown[switch.name]} == ({name} if value else set())


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({}, "/email"),
        ({"email": "ada"}, "/email"),
        ({"email": "ada@localhost"}, "/email"),
        ({"email": "ada@example.org", "topics": ["nothing"]}, "/topics"),
        ({"email": "ada@example.org", "words": "author:"}, "/words"),
        ({"email": "ada@example.org", "send_hour": 24}, "/send_hour"),
        ({"email": "ada@example.org", "send_hour": "7"}, "/send_hour"),
        ({"email": "ada@example.org", "time_zone": "Mars/Base"}, "/time_zone"),
        ({"email": "ada@example.org", "more": 1}, "/more"),
    ],
)
def test_it_names_the_field_that_is_wrong(program: Program, given: dict[str, Any], pointer: str) -> None:
    answer = send(program(), READERS, given)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert not FormPost.objects.exists()


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{", "application/json", 400),
        ("email=ada@example.org", "application/x-www-form-urlencoded", 415),
        (json.dumps({"words": "x" * 70_000}), "application/json", 413),
    ],
)
def test_it_refuses_bodies_that_it_does_not_read(program: Program, body: str, kind: str, status: int) -> None:
    answer = program().generic("POST", READERS, body, content_type=kind)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_lists_have_filters_and_pages(program: Program, alice: Subscriber, bob: Subscriber) -> None:
    client = program("readers:read")
    first = client.get(READERS, {"limit": 1}).json()
    second = client.get(READERS, {"limit": 1, "cursor": first["next"]}).json()
    assert [first["readers"][0]["email"], second["readers"][0]["email"]] == [bob.email, alice.email]
    assert second["next"] is None
    for given, found in (
        ({"status": "pending"}, [bob.email]),
        ({"topic": "learning"}, [alice.email]),
        ({"email": "ALICE@example.org"}, [alice.email]),
        ({"frequency": "weekly"}, []),
        ({"created_since": "2100-01-01"}, []),
    ):
        assert [reader["email"] for reader in client.get(READERS, given).json()["readers"]] == found


@pytest.mark.parametrize(
    "given", [{"cursor": "x"}, {"stauts": "active"}, {"limit": "0"}, {"limit": "1.0"}, {"created_since": "0"}]
)
def test_it_refuses_wrong_parameters(program: Program, given: dict[str, str]) -> None:
    answer = program().get(READERS, given)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == next(iter(given))


def test_a_list_costs_the_same_queries_however_long(
    program: Program, alice: Subscriber, bob: Subscriber, django_assert_num_queries: Any
) -> None:
    client = program()
    client.get(READERS)
    with CaptureQueriesContext(connection) as queries:
        client.get(READERS, {"limit": 1})
    with django_assert_num_queries(len(queries)):
        client.get(READERS, {"limit": 2})


def test_it_reads_one_reader(program: Program, alice: Subscriber) -> None:
    reader = program("readers:read").get(f"{READERS}/{alice.uid}").json()
    assert reader["email"] == alice.email
    assert reader["topics"] == ["learning"]
    assert reader["words"].startswith("diffusion")


def test_a_change_keeps_what_it_leaves_out(program: Program, alice: Subscriber, vision: Topic) -> None:
    answer = send(program("readers:write"), f"{READERS}/{alice.uid}", {"topics": ["vision"]}, "PATCH")
    assert answer.status_code == 200
    assert answer.json()["topics"] == ["vision"]
    assert answer.json()["words"].startswith("diffusion")
    changed = Consent.objects.filter(event="changed").get()
    assert changed.where.startswith("API: program")


@pytest.mark.parametrize("name", ["bob", "charlie"])
def test_it_changes_no_one_who_is_not_subscribed(program: Program, name: str, request: pytest.FixtureRequest) -> None:
    reader = request.getfixturevalue(name)
    answer = send(program(), f"{READERS}/{reader.uid}", {"words": "x"}, "PATCH")
    assert answer.status_code == 409


def test_it_unsubscribes_at_once_and_again_changes_nothing(program: Program, alice: Subscriber) -> None:
    client, path = program("readers:write"), f"{READERS}/{alice.uid}/unsubscribe"
    assert [client.post(path).json()["status"] for _ in range(2)] == ["unsubscribed"] * 2
    withdrawn = Consent.objects.filter(event="withdrawn").get()
    assert withdrawn.where.startswith("API: program")


@pytest.mark.parametrize("path", [f"{READERS}/00000000-0000-4000-8000-000000000000", "/api/v1/nothing"])
def test_what_does_not_exist_is_a_problem_document(program: Program, path: str) -> None:
    answer = program().get(path)
    assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_answers_are_in_no_cache_and_set_no_cookie(
    program: Program, alice: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PER_NETWORK", 1e6)
    for client in (program(), Client()):
        for path in (READERS, f"{READERS}/{alice.uid}", "/api/v1/nothing"):
            answer = client.get(path)
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert not answer.cookies
            assert "Access-Control-Allow-Origin" not in answer.headers


def test_head_and_other_methods(program: Program) -> None:
    client = program()
    head = client.head(READERS)
    assert (head.status_code, head.content) == (200, b"")
    wrong = client.delete(READERS)
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET, POST, HEAD")
    assert wrong.json()["title"] == "Method Not Allowed"
