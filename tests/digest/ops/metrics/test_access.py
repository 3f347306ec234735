"""Access to /metrics."""

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def status(client: Client, **headers: str) -> int:
    host = headers.pop("host", "127.0.0.1:8000")
    return client.get("/metrics", headers=headers, HTTP_HOST=host).status_code


def test_the_token_opens_it_from_anywhere(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "s3cret"
    host = "papers.example.org"
    assert status(client, host=host, authorization="Bearer s3cret", x_forwarded_for="203.0.113.9") == 200


@pytest.mark.parametrize("sent", ["", "Bearer ", "Bearer wrong", "Basic s3cret", "s3cret"])
def test_any_other_token_is_refused_also_on_this_machine(client: Client, settings: Any, sent: str) -> None:
    settings.METRICS_TOKEN = "s3cret"
    answer = client.get("/metrics", headers={"authorization": sent}, HTTP_HOST="127.0.0.1:8000")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert b"dailypapers" not in answer.content


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "localhost", "[::1]:8000"])
def test_without_a_token_this_machine_may_read_it(client: Client, host: str) -> None:
    assert status(client, host=host) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "papers.example.org"},
        {"x_forwarded_for": "127.0.0.1"},
        {"x_forwarded_proto": "https"},
        {"x_real_ip": "127.0.0.1"},
        {"forwarded": "for=127.0.0.1"},
        {"via": "1.1 proxy"},
    ],
)
def test_without_a_token_nothing_passes_through_a_proxy_on_this_machine(client: Client, headers: Any) -> None:
    assert status(client, **headers) == 404


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::1", "", "unix:"])
def test_without_a_token_other_machines_are_refused(client: Client, address: str) -> None:
    answer = client.get("/metrics", REMOTE_ADDR=address, HTTP_HOST="127.0.0.1:8000")
    assert answer.status_code == 404


def test_a_request_with_the_token_of_no_setting_is_refused(client: Client) -> None:
    assert status(client, host="papers.example.org", authorization="Bearer ") == 404
    assert status(client, host="papers.example.org", authorization="Bearer") == 404


def test_it_is_never_cached_and_takes_no_form(client: Client) -> None:
    assert "no-store" in client.get("/metrics", HTTP_HOST="127.0.0.1:8000")["Cache-Control"]
    assert client.post("/metrics", HTTP_HOST="127.0.0.1:8000").status_code == 405
