"""Whose fault it is that a mail was not taken."""

import pytest

from digest.delivery.circuit_breaker import MANY, OFFERS, CircuitBreaker
from digest.delivery.transports.outcomes import Outcome, Result


def weigh(patience: CircuitBreaker, *results: tuple[Result, str]) -> list[Result]:
    """The results that are certain after these, given as result and bounce, of as many deliveries."""
    return [
        outcome.result
        for number, (result, bounce) in enumerate(results)
        for outcome in patience.assess(Outcome(number, result, "so it said", bounce=bounce))
    ]


SENT, LATER, FAILED = (Result.SENT, ""), (Result.LATER, ""), (Result.FAILED, "")
AGAIN, UNCERTAIN = (Result.AGAIN, ""), (Result.UNCERTAIN, "")


@pytest.mark.parametrize("refusal", [LATER, FAILED])
def test_it_believes_a_refusal_once_another_mail_was_taken(refusal: tuple[Result, str]) -> None:
    patience = CircuitBreaker()
    assert weigh(patience, refusal, refusal) == []
    assert weigh(patience, SENT) == [refusal[0], refusal[0], Result.SENT]


@pytest.mark.parametrize("refusal", [LATER, FAILED])
def test_it_fails_nobody_when_everybody_is_refused(refusal: tuple[Result, str]) -> None:
    patience = CircuitBreaker()
    assert weigh(patience, SENT, *[refusal] * (MANY - 1)) == [Result.SENT]
    assert patience.refused == ""
    assert weigh(patience, refusal) == [Result.STOPPED] * MANY
    assert patience.refused == "so it said"


def test_it_believes_what_is_said_about_addresses_however_many() -> None:
    patience = CircuitBreaker()
    assert weigh(patience, *[(Result.FAILED, "hard")] * 2 * MANY) == [Result.FAILED] * 2 * MANY
    assert weigh(patience, *[(Result.LATER, "soft")] * 2 * MANY) == [Result.LATER] * 2 * MANY
    assert patience.refused == ""


def test_it_takes_refusals_at_their_word_when_there_were_few() -> None:
    patience = CircuitBreaker()
    weigh(patience, FAILED, LATER)
    assert [outcome.result for outcome in patience.release()] == [Result.FAILED, Result.LATER]


def test_it_blames_nobody_for_what_came_before_the_stop() -> None:
    patience = CircuitBreaker()
    assert weigh(patience, LATER, FAILED, (Result.STOPPED, "")) == [Result.STOPPED] * 3


def test_it_lets_a_mail_wait_that_broke_off_too_often() -> None:
    patience = CircuitBreaker()
    assert weigh(patience, *[SENT] * 3) == [Result.SENT] * 3
    for _ in range(OFFERS - 1):
        assert weigh(patience, AGAIN) == [Result.AGAIN]
    assert weigh(patience, AGAIN, SENT) == [Result.LATER, Result.SENT]


@pytest.mark.parametrize("broken", [AGAIN, UNCERTAIN])
def test_it_stops_when_every_connection_breaks(broken: tuple[Result, str]) -> None:
    patience = CircuitBreaker()
    weigh(patience, *[broken] * (MANY - 1))
    assert patience.refused == ""
    last = weigh(patience, broken)
    assert patience.refused == "so it said"
    assert last == [Result.STOPPED if broken is AGAIN else Result.UNCERTAIN]


@pytest.mark.parametrize("refusal", [LATER, FAILED])
def test_it_counts_no_refusal_of_a_probe(refusal: tuple[Result, str]) -> None:
    patience = CircuitBreaker(is_probe=True)
    assert weigh(patience, refusal) == [Result.STOPPED]
    assert patience.refused


def test_it_takes_the_probe_for_done_once_a_mail_is_taken() -> None:
    patience = CircuitBreaker(is_probe=True)
    assert weigh(patience, (Result.FAILED, "hard"), AGAIN) == [Result.FAILED, Result.AGAIN]
    assert patience.is_probe
    assert weigh(patience, SENT, LATER, SENT) == [Result.SENT, Result.LATER, Result.SENT]
    assert not patience.is_probe
