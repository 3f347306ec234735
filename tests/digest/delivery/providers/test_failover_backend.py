"""Single emails, with failover between providers."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from anymail.exceptions import AnymailAPIError
from django.core.mail import EmailMessage, get_connection

from digest.delivery.providers.failover import avoided_providers
from subscriptions.email.builder import build_message
from tests.conftest import NOW
from tests.esp import Answer, Esp
from tests.sink import Sink

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning"),
]
NO_TOKEN = Answer(401, {"Message": "no valid token"})


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def sink(esp: Esp, settings: Any) -> Iterator[Sink]:
    """A mail server that follows Postmark in the order of providers."""
    with Sink() as server:
        settings.EMAIL_PROVIDERS = ["postmark", "smtp"]
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def send(message: EmailMessage, *, fail_silently: bool = False) -> int:
    connection = get_connection(
        "digest.delivery.providers.failover_backend.FailoverEmailBackend", fail_silently=fail_silently
    )
    return connection.send_messages([message]) or 0


@pytest.fixture
def note() -> EmailMessage:
    headers = {"Auto-Submitted": "auto-generated"}
    return build_message("ada@example.org", "Please confirm", "Here is your link.", "<p>Your link.</p>", headers)


def test_the_first_hands_it_over(note: EmailMessage, esp: Esp, sink: Sink) -> None:
    assert send(note) == 1
    assert ([mail.to for mail in esp.taken], sink.mails) == (["ada@example.org"], [])


def test_the_next_hands_over_what_the_first_refuses(note: EmailMessage, esp: Esp, sink: Sink) -> None:
    esp.answers = [NO_TOKEN]
    assert [send(note), send(note)] == [1, 1]
    assert (len(esp.calls), len(sink.mails)) == (1, 2)
    assert set(avoided_providers(now=NOW)) == {"postmark"}


def test_a_provider_takes_over_for_a_mail_server_that_is_away(
    note: EmailMessage, esp: Esp, sink: Sink, settings: Any
) -> None:
    settings.EMAIL_PROVIDERS, settings.EMAIL_PORT = ["smtp", "postmark"], 1
    assert send(note) == 1
    assert len(esp.taken) == 1


def test_what_may_have_been_taken_goes_to_no_other(note: EmailMessage, esp: Esp, sink: Sink) -> None:
    esp.answers = [Answer(502, taken=True)]
    with pytest.raises(AnymailAPIError):
        send(note)
    assert (sink.mails, avoided_providers(now=NOW)) == ([], {})


def test_it_raises_the_error_of_the_last_provider(note: EmailMessage, esp: Esp, sink: Sink, settings: Any) -> None:
    esp.answers, settings.EMAIL_PORT = [NO_TOKEN] * 2, 1
    with pytest.raises(ConnectionRefusedError):
        send(note)
    assert send(note, fail_silently=True) == 0
