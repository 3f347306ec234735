"""Emails that can't be made: one of them fails alone, and an error that hits all pauses sending."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from anymail.exceptions import AnymailInvalidAddress
from django.core.mail import BadHeaderError

from digest.delivery import shard_worker
from digest.delivery.providers import anymail_messages
from digest.delivery.providers.anymail_messages import ProviderMessage
from digest.email.batch.assembler import EmailAssembler
from digest.models import Delivery, Edition, Pause
from tests.digest.delivery.conftest import queue_readers
from tests.esp import Esp
from tests.examples import slow_after
from tests.sink import Sink

Status = Delivery.Status
ERRORS = [
    BadHeaderError("a line break in From"),
    AnymailInvalidAddress("no address"),
    UnicodeEncodeError("ascii", "ä", 0, 1, "not in range"),
    ValueError("Invalid address"),
]
PROVIDERS = ["brevo", "mailjet", "mandrill", "amazon_ses"]
COUNTS = [1, 3, 30, 3]  # readers; 30 are more than a circuit breaker lets fail


def fail_in_composition(monkeypatch: pytest.MonkeyPatch, error: Exception, address: str = "") -> None:
    """Make composing fail for all readers, or for the one at `address`."""
    write = EmailAssembler.write

    def fails(kit: EmailAssembler, digest: Any, reader: Any) -> Any:
        if reader.address == address or not address:
            raise error
        return write(kit, digest, reader)

    monkeypatch.setattr(EmailAssembler, "write", fails)


def fail_for_provider(monkeypatch: pytest.MonkeyPatch, error: Exception, address: str = "") -> None:
    """Make building a call fail for all emails, or for the one to `address`."""
    write = anymail_messages._message

    def fails(content: Any, addresses: list[str]) -> ProviderMessage:
        if address in addresses or not address:
            raise error
        return write(content, addresses)

    monkeypatch.setattr(anymail_messages, "_message", fails)


def use(provider: str, settings: Any, esp: Esp) -> None:
    settings.EMAIL_PROVIDERS, settings.ANYMAIL = [provider], esp.settings()


def statuses() -> list[str]:
    return sorted(Delivery.objects.values_list("status", flat=True))


def check_paused(clock: time_machine.Traveller) -> None:
    pause = Pause.objects.get(ended_at=None)
    assert "can't be made" in pause.reason
    for _ in range(5):  # probes
        clock.shift(dt.timedelta(minutes=16))
        shard_worker.send_due()
    assert set(statuses()) == {Status.QUEUED}
    assert Pause.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize(("count", "error"), list(zip(COUNTS, ERRORS, strict=True)))
def test_an_error_in_all_emails_pauses_and_fails_no_delivery(
    count: int, error: Exception, edition: Edition, sink: Sink, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_readers(edition, count)
    fail_in_composition(monkeypatch, error)
    assert shard_worker.send_due() == 0
    assert statuses() == [Status.QUEUED] * count
    check_paused(clock)


@pytest.mark.parametrize(("count", "provider"), list(zip(COUNTS, PROVIDERS, strict=True)))
def test_an_error_in_all_calls_pauses_and_fails_no_delivery(
    count: int, provider: str, edition: Edition, settings: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_readers(edition, count)
    fail_for_provider(monkeypatch, ERRORS[1])
    with Esp() as esp:
        use(provider, settings, esp)
        assert shard_worker.send_due() == 0
        assert statuses() == [Status.QUEUED] * count
        check_paused(clock)
        assert esp.calls == []


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_email_that_cannot_be_made_waits_alone(
    error: Exception, edition: Edition, sink: Sink, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_readers(edition, 5)
    fail_in_composition(monkeypatch, error, "reader2@example.org")
    assert shard_worker.send_due() == 4
    assert statuses() == [Status.QUEUED, *[Status.SENT] * 4]
    assert not Pause.objects.exists()
    row = Delivery.objects.get(status=Status.QUEUED)
    assert (row.subscriber.email, row.attempts) == ("reader2@example.org", 1)
    assert "can't be made" in row.reason


@pytest.mark.parametrize("provider", slow_after(2, PROVIDERS))
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_email_that_cannot_be_written_for_a_provider_waits_alone(
    error: Exception, provider: str, edition: Edition, settings: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_readers(edition, 5)
    fail_for_provider(monkeypatch, error, "reader2@example.org")
    with Esp() as esp:
        use(provider, settings, esp)
        assert shard_worker.send_due() == 4
        assert len(esp.taken) == 4
    assert statuses() == [Status.QUEUED, *[Status.SENT] * 4]
    assert not Pause.objects.exists()
