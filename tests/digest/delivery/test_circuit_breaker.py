"""The circuit breaker: it decides whether a refusal concerns one email or all of them."""

import pytest

from digest.delivery.circuit_breaker import MAX_OFFERS, MAX_REFUSALS, CircuitBreaker
from digest.delivery.transports.outcomes import Outcome, Result


def assess(breaker: CircuitBreaker, *results: tuple[Result, str]) -> list[Result]:
    """Return the results that are certain after these. Each is given as result and bounce, of a delivery of its own."""
    return [
        outcome.result
        for number, (result, bounce) in enumerate(results)
        for outcome in breaker.assess(Outcome(number, result, "the reason", bounce=bounce))
    ]


SENT, LATER, FAILED = (Result.SENT, ""), (Result.RETRY_LATER, ""), (Result.FAILED, "")
AGAIN, UNCERTAIN = (Result.REOFFER, ""), (Result.UNCERTAIN, "")


@pytest.mark.parametrize("refusal", [LATER, FAILED])
def test_it_believes_a_refusal_once_another_email_was_accepted(refusal: tuple[Result, str]) -> None:
    breaker = CircuitBreaker()
    assert assess(breaker, refusal, refusal) == []
    assert assess(breaker, SENT) == [refusal[0], refusal[0], Result.SENT]


@pytest.mark.parametrize("refusal", [LATER, FAILED])
def test_it_fails_no_delivery_when_all_are_refused(refusal: tuple[Result, str]) -> None:
    breaker = CircuitBreaker()
    assert assess(breaker, SENT, *[refusal] * (MAX_REFUSALS - 1)) == [Result.SENT]
    assert breaker.refused == ""
    assert assess(breaker, refusal) == [Result.STOPPED] * MAX_REFUSALS
    assert breaker.refused == "the reason"


def test_it_believes_any_number_of_bounces() -> None:
    breaker = CircuitBreaker()
    assert assess(breaker, *[(Result.FAILED, "hard")] * 2 * MAX_REFUSALS) == [Result.FAILED] * 2 * MAX_REFUSALS
    assert (
        assess(breaker, *[(Result.RETRY_LATER, "soft")] * 2 * MAX_REFUSALS) == [Result.RETRY_LATER] * 2 * MAX_REFUSALS
    )
    assert breaker.refused == ""


def test_it_believes_refusals_when_there_were_few() -> None:
    breaker = CircuitBreaker()
    assess(breaker, FAILED, LATER)
    assert [outcome.result for outcome in breaker.release()] == [Result.FAILED, Result.RETRY_LATER]


def test_it_fails_no_delivery_that_was_refused_before_the_stop() -> None:
    breaker = CircuitBreaker()
    assert assess(breaker, LATER, FAILED, (Result.STOPPED, "")) == [Result.STOPPED] * 3


def test_an_email_waits_if_its_connection_broke_too_often() -> None:
    breaker = CircuitBreaker()
    assert assess(breaker, *[SENT] * 3) == [Result.SENT] * 3
    for _ in range(MAX_OFFERS - 1):
        assert assess(breaker, AGAIN) == [Result.REOFFER]
    assert assess(breaker, AGAIN, SENT) == [Result.RETRY_LATER, Result.SENT]


@pytest.mark.parametrize("broken", [AGAIN, UNCERTAIN])
def test_it_stops_when_every_connection_breaks(broken: tuple[Result, str]) -> None:
    breaker = CircuitBreaker()
    assess(breaker, *[broken] * (MAX_REFUSALS - 1))
    assert breaker.refused == ""
    last = assess(breaker, broken)
    assert breaker.refused == "the reason"
    assert last == [Result.STOPPED if broken is AGAIN else Result.UNCERTAIN]


@pytest.mark.parametrize("refusal", [LATER, FAILED])
def test_it_counts_no_refusal_of_a_probe(refusal: tuple[Result, str]) -> None:
    breaker = CircuitBreaker(is_probe=True)
    assert assess(breaker, refusal) == [Result.STOPPED]
    assert breaker.refused


def test_a_probe_ends_once_an_email_is_accepted() -> None:
    breaker = CircuitBreaker(is_probe=True)
    assert assess(breaker, (Result.FAILED, "hard"), AGAIN) == [Result.FAILED, Result.REOFFER]
    assert breaker.is_probe
    assert assess(breaker, SENT, LATER, SENT) == [Result.SENT, Result.RETRY_LATER, Result.SENT]
    assert not breaker.is_probe
