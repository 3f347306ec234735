"""SMTP with encryption and passwords: what is sent in the clear, and the errors that operators see."""

import datetime as dt
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import mail

from digest.delivery import pauses, shard_worker
from digest.delivery.providers.capabilities import SMTP_BACKEND
from digest.delivery.transports import Mail
from digest.delivery.transports.outcomes import Result
from digest.delivery.transports.smtp import SmtpTransport
from digest.models import Delivery, Edition, Pause
from digest.ops.health import watch
from tests import certificates
from tests.conftest import NOW
from tests.digest.delivery.conftest import queue_readers
from tests.digest.delivery.transports.test_smtp import at, mails, send
from tests.sink import Sink

LOGIN = ("papers", "a password of ours")


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Path]:
    """The TLS context of a server on loopback, and the file of its certificate, which all tests here trust."""
    context, file = certificates.serving(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return context, file


@pytest.fixture(params=["EMAIL_USE_TLS", "EMAIL_USE_SSL"])
def safe(request: pytest.FixtureRequest, trusted: Any, settings: Any) -> Iterator[Sink]:
    """A server that encrypts after STARTTLS, and one that does from the start."""
    with Sink(tls=trusted[0], tls_at_once=request.param == "EMAIL_USE_SSL", login=LOGIN) as server:
        use(server, settings)
        setattr(settings, request.param, True)
        yield server


def use(server: Sink, settings: Any) -> None:
    settings.EMAIL_BACKEND, settings.SMTP_CONNECTIONS = SMTP_BACKEND, 2
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = LOGIN


def stopped() -> str:
    """Return the reason why no email leaves. One email has an outcome, and the others are not pulled."""
    transport = SmtpTransport()
    source = iter(mails(1, 2, 3))
    (outcome,) = send(transport, source).values()
    transport.close()
    assert (outcome.result, len(list(source))) == (Result.STOPPED, 2)
    return outcome.reason


def test_it_sends_everything_encrypted(safe: Sink) -> None:
    transport = SmtpTransport()
    outcomes = send(transport, mails(*range(20)))
    transport.close()
    assert {outcome.result for outcome in outcomes.values()} == {Result.SENT}
    assert len(safe.mails) == 20
    assert all(received.is_encrypted for received in safe.mails)
    assert {line.split()[0].upper() for line in safe.clear_text} <= {"EHLO", "STARTTLS"}
    assert safe.connections == 2


def test_it_sends_an_email_larger_than_a_tls_record(safe: Sink) -> None:
    (whole,) = mails(1)
    assert whole
    assert isinstance(whole.message, bytes)
    content = whole.message + (b"x" * 70 + b"\r\n") * 20_000
    transport = SmtpTransport()
    (outcome,) = send(transport, [Mail(1, whole.address, whole.sender, content)]).values()
    transport.close()
    assert (outcome.result, safe.mails[0].content) == (Result.SENT, content)


@pytest.mark.parametrize("stage", ["MAIL", "content"])
def test_it_reconnects_after_a_drop(safe: Sink, stage: str) -> None:
    safe.script = at(stage, "drop", first=1)
    transport = SmtpTransport()
    results = [outcome.result for outcome in send(transport, mails(*range(8))).values()]
    transport.close()
    assert results.count(Result.SENT) == 7
    assert results.count(Result.REOFFER if stage == "MAIL" else Result.UNCERTAIN) == 1
    assert (safe.connections, all(received.is_encrypted for received in safe.mails)) == (3, True)


def test_it_uses_the_name_in_the_certificate(safe: Sink, settings: Any) -> None:
    settings.EMAIL_HOST = "localhost"
    transport = SmtpTransport()
    assert [outcome.result for outcome in send(transport, mails(1)).values()] == [Result.SENT]
    transport.close()


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_a_wrong_password_pauses_sending_and_fails_no_delivery(
    safe: Sink, edition: Edition, settings: Any, clock: time_machine.Traveller
) -> None:
    queue_readers(edition, 30)
    settings.EMAIL_HOST_PASSWORD, settings.OPERATORS = "another", ["operator@example.org"]
    assert shard_worker.send_due() == 0
    reason = "The mail server refused our login: 535 5.7.8 Authentication failed"
    assert (Pause.objects.get().reason, Pause.objects.get().ended_at) == (reason, None)
    assert set(Delivery.objects.values_list("status", "attempts", "reason")) == {
        ("queued", 0, ""),
        ("queued", 0, reason),
    }
    clock.move_to(NOW + dt.timedelta(minutes=6))
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"  # so that alerts to operators leave
    for _ in range(2):
        watch.run_checks("paused", now=NOW)
    assert reason in str(mail.outbox[0].body)
    settings.EMAIL_BACKEND, settings.EMAIL_HOST_PASSWORD = SMTP_BACKEND, LOGIN[1]
    assert shard_worker.send_due() == 30
    assert len({received.recipient for received in safe.mails}) == len(safe.mails) == 30
    assert pauses.current() is None
    assert len(mail.outbox) == 1


def test_an_untrusted_certificate_is_refused(safe: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    reason = stopped()
    assert reason.startswith(f"The certificate of the mail server 127.0.0.1:{safe.port} can't be verified: self-signed")
    assert "set SSL_CERT_FILE to a file with that authority's certificate" in reason
    assert {line.split()[0].upper() for line in safe.clear_text} <= {"EHLO", "STARTTLS"}


@pytest.mark.parametrize(("name", "days", "why"), [("mail.example.org", 9, "mismatch"), ("localhost", -1, "expired")])
@pytest.mark.parametrize("how", ["EMAIL_USE_TLS", "EMAIL_USE_SSL"])
def test_a_certificate_of_another_name_or_an_expired_one_is_refused(
    name: str, days: int, why: str, how: str, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, file = certificates.serving(tmp_path, name, days=days)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with Sink(tls=context, tls_at_once=how == "EMAIL_USE_SSL", login=LOGIN) as server:
        use(server, settings)
        setattr(settings, how, True)
        reason = stopped()
    assert why in reason
    assert "EMAIL_URL must use the name in the server's certificate" in reason


def test_without_starttls_it_sends_neither_password_nor_email(settings: Any) -> None:
    with Sink() as server:
        use(server, settings)
        settings.EMAIL_USE_TLS = True
        reason = stopped()
    assert reason.startswith(f"The mail server 127.0.0.1:{server.port} does not offer STARTTLS. Without it neither")
    assert [line.split()[0].upper() for line in server.clear_text] == ["EHLO"]
    assert server.mails == []


def test_a_refusal_to_encrypt_is_reported_verbatim(trusted: Any, settings: Any) -> None:
    with Sink(tls=trusted[0], script=at("STARTTLS", "454 4.7.0 Not just now")) as server:
        use(server, settings)
        settings.EMAIL_USE_TLS = True
        assert stopped() == "The mail server refused to encrypt: 454 4.7.0 Not just now"


def test_it_reports_a_server_that_does_not_encrypt_from_the_start(settings: Any) -> None:
    with Sink() as server:
        use(server, settings)
        settings.EMAIL_USE_SSL = True
        reason = stopped()
    assert reason.startswith(f"No encryption with the mail server 127.0.0.1:{server.port}: ")
    assert reason.endswith("EMAIL_URL begins with smtp+ssl:// for port 465 and with smtp+tls:// for port 587.")


def test_it_reports_a_server_that_accepts_no_login(settings: Any) -> None:
    with Sink() as server:
        use(server, settings)
        reason = stopped()
    assert reason.startswith(f"The mail server 127.0.0.1:{server.port} accepts none of our login methods (")
    assert "leave user and password out of EMAIL_URL" in reason


@pytest.mark.parametrize("how", ["EMAIL_USE_TLS", "EMAIL_USE_SSL"])
def test_a_silent_server_is_not_waited_for_long(how: str, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        settings.EMAIL_HOST, settings.EMAIL_PORT = deaf.getsockname()
        settings.EMAIL_TIMEOUT = 0.2
        setattr(settings, how, True)
        reason = stopped()
    assert reason.startswith(
        f"The mail server 127.0.0.1:{settings.EMAIL_PORT} did not answer in 0.2 seconds. EMAIL_URL"
    )
