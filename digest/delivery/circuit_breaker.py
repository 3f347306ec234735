"""The circuit breaker of a run: it decides whether a refusal concerns one email or all of them. Pure.

A refusal that is about the address (a bounce) counts at once. Any other refusal is held back until the server has
accepted an email, because a server that is over its quota, or that rejects us as spam, gives every recipient the same
answer. Taking such a server at its word would fail a whole edition. After MAX_REFUSALS in a row the breaker opens: none
of the refusals counts, and the run stops.

An email that can't be made is to blame only if others can be made. If no other email was accepted in the meantime, the
fault is ours: the run stops as well, and these emails are deferred, so that others come first when sending resumes.
"""

from dataclasses import replace

from digest.delivery.transports.outcomes import Outcome, Result

MAX_OFFERS = 3  # broken connections before an email waits for another try
MAX_REFUSALS = 20  # in a row
REFUSALS = (Result.RETRY_LATER, Result.FAILED)
BROKEN = (Result.REOFFER, Result.UNCERTAIN)
PUT_OFF = 600.0  # seconds


class CircuitBreaker:
    """The circuit breaker of one run. A probe sends one email at a time until the first is accepted."""

    def __init__(self, *, is_probe: bool = False) -> None:
        self.is_probe = is_probe
        self.refused = ""  # why the breaker is open, or an empty string
        self._held: list[Outcome] = []  # refusals that may be the server's fault
        self._offers: dict[int, int] = {}  # broken connections, by delivery id
        self._breaks = 0  # broken connections and calls, in a row
        self._has_accepted = False

    def assess(self, *outcomes: Outcome) -> list[Outcome]:
        """Return the outcomes that are certain now that these have ended together. Refusals may be held back."""
        self._breaks += any(outcome.result in BROKEN for outcome in outcomes)
        return [certain for outcome in outcomes for certain in self._assess(outcome)]

    def _assess(self, outcome: Outcome) -> list[Outcome]:
        if outcome.result in BROKEN:
            outcome = self._broken(outcome)
        if outcome.result is Result.SENT:
            self.is_probe, self._breaks, self._has_accepted = False, 0, True
        elif outcome.result is Result.STOPPED:
            return self._stop(outcome)
        elif outcome.result in REFUSALS and not outcome.bounce:
            self._held.append(outcome)
            is_open = self.is_probe or len(self._held) >= MAX_REFUSALS
            return self._stop(self._held.pop()) if is_open else []
        else:
            return [outcome]
        return [*self.release(), outcome]

    def release(self) -> list[Outcome]:
        """Return the refusals that were held back, unchanged."""
        held, self._held = self._held, []
        return held

    def end(self, *, others_are_accepted: bool) -> list[Outcome]:
        """Return the refusals that were held back, at the end of the run.

        `others_are_accepted` is true if emails of other runs were accepted just now.
        """
        unmade = [outcome for outcome in self._held if outcome.unmade]
        if not unmade or self._has_accepted or others_are_accepted:
            return self.release()
        self.refused = unmade[-1].reason
        return [_stopped(outcome, outcome.reason) if outcome.unmade else outcome for outcome in self.release()]

    @property
    def holds_unmade(self) -> bool:
        return any(outcome.unmade for outcome in self._held)

    def _broken(self, outcome: Outcome) -> Outcome:
        is_open = self._breaks >= (MAX_OFFERS if self.is_probe else MAX_REFUSALS)
        if outcome.result is Result.UNCERTAIN:  # it stays uncertain, even if the server is at fault
            self.refused = outcome.reason if is_open or self.is_probe else self.refused
            return outcome
        offers = self._offers[outcome.delivery_id] = self._offers.get(outcome.delivery_id, 0) + 1
        if is_open:
            return replace(outcome, result=Result.STOPPED)
        return outcome if offers < MAX_OFFERS else replace(outcome, result=Result.RETRY_LATER)

    def _stop(self, outcome: Outcome) -> list[Outcome]:
        self.refused = outcome.reason
        return [_stopped(held, outcome.reason) for held in (*self.release(), outcome)]


def _stopped(outcome: Outcome, reason: str) -> Outcome:
    if outcome.unmade:
        return replace(outcome, result=Result.DEFERRED, seconds=PUT_OFF)
    return replace(outcome, result=Result.STOPPED, reason=reason)
