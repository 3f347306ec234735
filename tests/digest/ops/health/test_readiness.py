"""Readiness: /readyz says why the site can't serve or send, and reveals nothing else."""

from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client

from digest.delivery import pauses
from digest.ops.health import heartbeats, readiness
from digest.ops.health.heartbeats import Kind
from digest.ops.health.problems import HealthProblem
from tests.conftest import NOW


@pytest.fixture(autouse=True)
def fresh() -> Any:
    readiness.clear_cache()
    yield
    readiness.clear_cache()


@pytest.fixture
def alive(db: None, settings: Any) -> None:
    heartbeats.record(Kind.BEAT, "host")
    heartbeats.record(Kind.WORKER, "celery@host", queues=",".join(settings.CELERY_TASK_QUEUES))


@pytest.mark.usefixtures("alive")
def test_a_site_is_ready_if_its_processes_are_alive(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "reasons": []})
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("alive")
def test_it_is_not_ready_while_sending_is_paused(client: Client) -> None:
    pauses.start("Our key sk-secret was refused for ada@example.org", now=NOW)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == [{"key": "paused", "heading": "Sending is paused"}]


def test_it_is_not_ready_without_beat_and_workers(client: Client, db: None) -> None:
    assert [reason["key"] for reason in client.get("/readyz").json()["reasons"]] == ["beat", "workers"]


def test_it_hides_the_names_of_machines(client: Client, db: None) -> None:
    problem = HealthProblem("disk:secret-host", "The disk of secret-host is full", "")
    with mock.patch.object(readiness, "_find", return_value=[problem]):
        assert "secret-host" not in client.get("/readyz").content.decode()


def test_it_answers_without_a_database(client: Client) -> None:
    with mock.patch("digest.ops.health.watch.find", side_effect=OperationalError("password of papers")):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == [{"key": "database", "heading": "The database does not answer"}]
    assert client.get("/healthz").status_code == 200  # the process is up


@pytest.mark.usefixtures("alive")
def test_it_checks_once_in_a_few_seconds(client: Client, django_assert_num_queries: Any) -> None:
    client.get("/readyz")
    with django_assert_num_queries(0):
        client.get("/readyz")
