"""From the queue to a provider, and what it says back into the row."""

from collections.abc import Iterator
from typing import Any

import pytest

from digest.delivery import sending
from digest.models import Delivery, DeliveryEvent, Edition
from subscriptions.models import Subscriber
from tests.digest.delivery.conftest import queue_readers
from tests.esp import Answer, Esp
from tests.sink import Script, Sink

Status = Delivery.Status


@pytest.fixture
def esp(settings: Any) -> Iterator[Esp]:
    with Esp() as server:
        settings.EMAIL_PROVIDERS, settings.ANYMAIL = ["postmark", "smtp"], server.settings()
        yield server


@pytest.mark.usefixtures("clock")
def test_it_hands_over_by_the_first_provider(edition: Edition, esp: Esp, sink: Sink) -> None:
    queue_readers(edition, 3)
    assert sending.send_due() == 3
    assert (len(esp.taken), len(sink.mails)) == (3, 0)
    row = Delivery.objects.first()
    assert row
    assert (row.status, row.provider_id[:3], bool(row.papers)) == (Status.SENT, "pm-", True)


@pytest.mark.usefixtures("clock")
def test_the_next_one_takes_what_the_first_refuses(edition: Edition, esp: Esp, sink: Sink) -> None:
    esp.answers = [Answer(401, {"Message": "no valid token"})] * 9
    queue_readers(edition, 3)
    assert sending.send_due() == 3
    assert (len(esp.taken), len(sink.mails)) == (0, 3)


@pytest.mark.usefixtures("clock")
def test_no_reader_is_mailed_by_two(edition: Edition, esp: Esp, sink: Sink, settings: Any) -> None:
    settings.UNCERTAIN_MAILS = "leave"
    esp.answers = [Answer(drops=True, taken=True)]
    queue_readers(edition, 3)
    assert sending.send_due() == 0
    assert (len(esp.taken), len(sink.mails)) == (3, 0)
    assert set(Delivery.objects.values_list("status", flat=True)) == {Status.UNCERTAIN}


def at_recipient(reply: str) -> Script:
    return lambda stage, received: reply if stage == "RCPT" else ""


@pytest.mark.usefixtures("queued")
def test_an_address_that_the_mail_server_does_not_know_is_suppressed(sink: Sink, alice: Subscriber) -> None:
    sink.script = at_recipient("550 5.1.1 no such user")
    assert sending.send_due() == 0
    alice.refresh_from_db()
    assert alice.status == "suppressed"
    assert DeliveryEvent.objects.get().meaning == "hard"


@pytest.mark.usefixtures("queued")
def test_a_block_by_policy_does_not_punish_the_reader(sink: Sink, alice: Subscriber) -> None:
    sink.script = at_recipient("550 5.7.1 we know your network")
    sending.send_due()
    alice.refresh_from_db()
    assert alice.status == "active"
