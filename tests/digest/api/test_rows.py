"""Deliveries, editions, topics, the document and its page."""

from collections.abc import Callable

import pytest
from django.test import Client

from digest.delivery import planner, shard_worker
from digest.models import Delivery, Edition
from subscriptions.models import Subscriber
from tests.conftest import NOW, TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
DELIVERIES, EDITIONS = "/api/v1/deliveries", "/api/v1/editions"
Program = Callable[..., Client]


@pytest.fixture
def sent(edition: Edition, alice: Subscriber) -> Delivery:
    planner.plan_everyone(edition, now=NOW)
    shard_worker.send_due()
    return Delivery.objects.get()


def test_it_lists_deliveries_by_edition_and_reader(program: Program, sent: Delivery, alice: Subscriber) -> None:
    client = program("deliveries:read")
    for given, count in (
        ({}, 1),
        ({"edition": f"{TODAY}"}, 1),
        ({"edition": "2001-01-01"}, 0),
        ({"reader": f"{alice.uid}"}, 1),
        ({"reader": f"{alice.uid}", "status": "sent"}, 1),
        ({"edition": f"{TODAY}", "status": "failed"}, 0),
    ):
        answer = client.get(DELIVERIES, given).json()
        assert len(answer["deliveries"]) == count, given
    assert client.get(DELIVERIES, {"status": "sent"}).status_code == 422


def test_a_delivery_names_its_papers_and_what_the_provider_reported(program: Program, sent: Delivery) -> None:
    sent.events.create(event_key="1", event_type="delivered", happened_at=NOW)
    found = program("deliveries:read").get(f"{DELIVERIES}/{sent.pk}").json()
    assert found["status"] == "sent"
    assert found["papers"][0].startswith("arxiv:2608.0000")
    assert found["events"] == [{"type": "delivered", "meaning": "", "happened_at": "2026-08-20T12:00:00Z"}]


def test_it_reads_editions_with_their_papers(program: Program, edition: Edition) -> None:
    client = program("editions:read")
    listed = client.get(EDITIONS).json()["editions"]
    assert [(each["day"], each["papers"]) for each in listed] == [(f"{TODAY}", 3)]
    one = client.get(f"{EDITIONS}/{TODAY}").json()
    assert [paper["votes"] for paper in one["listed"]] == [30, 20, 10]
    assert one["page"].endswith(f"/{TODAY}/")
    assert client.get(f"{EDITIONS}/2001-01-01").status_code == 404


@pytest.mark.usefixtures("learning")
def test_any_token_reads_topics(program: Program) -> None:
    topics = program("editions:read").get("/api/v1/topics").json()["topics"]
    assert topics[0]["slug"] == "learning"


def test_the_document_is_openapi_3_1_and_names_scopes_and_errors() -> None:
    answer = Client().get("/api/openapi.json")
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    sign_up = document["paths"]["/api/v1/readers"]["post"]
    assert sign_up["security"] == [{"token": ["readers:write"]}]
    assert {"202", "400", "401", "403", "413", "415", "422", "429"} <= sign_up["responses"].keys()
    assert "409" in document["paths"]["/api/v1/readers/{reader_id}"]["patch"]["responses"]
    assert "max-age" in answer.headers["Cache-Control"]


def test_the_page_shows_every_operation() -> None:
    page = Client().get("/api/docs/").content.decode()
    paths = Client().get("/api/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page


def test_a_failure_of_the_server_is_a_problem_document(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("digest.views.api._operation_at", fail)
    client = program("editions:read")
    client.raise_request_exception = False
    answer = client.get(EDITIONS)
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert answer.json()["detail"] == "Something failed here, and was logged. Try again later."


def test_a_failure_of_the_page_about_the_api_is_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("subscriptions.views.embed.form_snippet", fail)
    answer = Client(raise_request_exception=False).get("/api/docs/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
