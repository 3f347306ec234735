"""Failover between providers."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
import time_machine

from digest.delivery.providers.failover import FallbackTransport, avoided_providers
from digest.delivery.transports import BeginCallback, Mail, begin_all
from digest.delivery.transports.outcomes import Outcome, Result
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


class Provider:
    """A transport that gives every email the same outcome."""

    name = "one"
    raw = True

    def __init__(self, result: Result) -> None:
        self.result, self.got = result, 0

    def send(self, mails: Iterable[Mail | None], begin: BeginCallback = begin_all) -> Iterator[Sequence[Outcome]]:
        for mail in mails:
            if mail is not None:
                self.got += 1
                yield [Outcome(mail.delivery_id, self.result, "because")]
                if self.result is Result.STOPPED:
                    return

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def mails() -> list[Mail]:
    return [Mail(number, f"reader{number}@example.org", "papers@example.org", b"") for number in (1, 2, 3)]


def transport_of(**results: Result) -> tuple[FallbackTransport, dict[str, Provider]]:
    providers = {name: Provider(result) for name, result in results.items()}
    return FallbackTransport(list(providers), lambda name: providers[name]), providers


def ends(transport: FallbackTransport, mails: list[Mail]) -> list[Any]:
    return [outcome.result for batch in transport.send(mails) for outcome in batch]


def test_the_first_hands_over_what_it_can(mails: list[Mail]) -> None:
    transport, providers = transport_of(postmark=Result.SENT, smtp=Result.SENT)
    assert ends(transport, mails) == ["sent"] * 3
    assert (transport.name, providers["smtp"].got) == ("postmark", 0)


def test_what_one_provider_refuses_is_offered_to_the_next(mails: list[Mail]) -> None:
    transport, providers = transport_of(postmark=Result.STOPPED, smtp=Result.SENT)
    assert ends(transport, mails) == ["elsewhere"]
    assert transport.name == "smtp"
    assert ends(transport, mails) == ["sent"] * 3
    assert (providers["postmark"].got, providers["smtp"].got) == (1, 3)


def test_other_workers_know_of_it(mails: list[Mail]) -> None:
    transport, _ = transport_of(postmark=Result.STOPPED, smtp=Result.SENT)
    ends(transport, mails)
    other, _ = transport_of(postmark=Result.SENT, smtp=Result.SENT)
    assert other.name == "smtp"


def test_it_is_tried_again_later(mails: list[Mail], clock: time_machine.Traveller) -> None:
    transport, providers = transport_of(postmark=Result.STOPPED, smtp=Result.SENT)
    ends(transport, mails)
    clock.shift(dt.timedelta(minutes=16))
    providers["postmark"].result = Result.SENT
    assert transport.name == "postmark"
    assert ends(transport, mails) == ["sent"] * 3


def test_a_clock_that_was_a_day_ahead_keeps_none_closed(mails: list[Mail], clock: time_machine.Traveller) -> None:
    clock.shift(dt.timedelta(days=1))
    transport, _ = transport_of(postmark=Result.STOPPED, smtp=Result.SENT)
    ends(transport, mails)
    clock.move_to(NOW)
    assert transport.name == "postmark"


@pytest.mark.parametrize("result", [Result.UNCERTAIN, Result.FAILED, Result.RETRY_LATER])
def test_nothing_else_goes_to_another(result: Result, mails: list[Mail]) -> None:
    transport, providers = transport_of(postmark=result, smtp=Result.SENT)
    assert ends(transport, mails) == [result] * 3
    assert (transport.name, providers["smtp"].got) == ("postmark", 0)


def test_the_run_is_stopped_when_all_refuse(mails: list[Mail]) -> None:
    transport, _ = transport_of(postmark=Result.STOPPED, smtp=Result.STOPPED)
    assert [ends(transport, mails), ends(transport, mails)] == [["elsewhere"], ["stopped"]]
    assert set(avoided_providers(now=NOW)) == {"postmark", "smtp"}
    assert transport.name == "postmark"


def test_a_single_provider_stops_the_run_at_once(mails: list[Mail]) -> None:
    transport, _ = transport_of(smtp=Result.STOPPED)
    assert ends(transport, mails) == ["stopped"]
