"""Whose fault it is that a mail was not taken: the reader's, whose address is no good, or the server's. Pure.

What is said about an address stands. Any other refusal is held back until the server has been seen to take a mail: one
that is over its quota, or takes our mail for spam, answers every recipient alike, and taken at its word it would fail a
whole edition's readers. After MANY in a row none of them counts, and the run is stopped.

An email that can't be made is at fault only if others can: where none was taken meanwhile, the fault is ours. Then the
run is stopped, too, and such emails wait a while, so that others come first when it goes on.
"""

from dataclasses import replace

from digest.delivery.transports.outcomes import Outcome, Result

OFFERS = 3  # times a mail is begun on a fresh connection before it waits for another try
MANY = 20
REFUSALS = (Result.LATER, Result.FAILED)
BROKEN = (Result.AGAIN, Result.UNCERTAIN)
PUT_OFF = 600.0  # seconds


class CircuitBreaker:
    """Weighs the outcomes of one run. A probe asks one mail at a time, until the first is accepted."""

    def __init__(self, *, is_probe: bool = False) -> None:
        self.is_probe = is_probe
        self.refused = ""  # why no more mails are to be handed over
        self._held: list[Outcome] = []
        self._offers: dict[int, int] = {}
        self._breaks = 0  # of connections and calls, in a row
        self._was_taken = False  # an email

    def assess(self, *outcomes: Outcome) -> list[Outcome]:
        """What is certain with these, which ended together, after those before them."""
        self._breaks += any(outcome.result in BROKEN for outcome in outcomes)
        return [certain for outcome in outcomes for certain in self._assess(outcome)]

    def _assess(self, outcome: Outcome) -> list[Outcome]:
        if outcome.result in BROKEN:
            outcome = self._broken(outcome)
        if outcome.result is Result.SENT:
            self.is_probe, self._breaks, self._was_taken = False, 0, True
        elif outcome.result is Result.STOPPED:
            return self._stop(outcome)
        elif outcome.result in REFUSALS and not outcome.bounce:
            self._held.append(outcome)
            enough = self.is_probe or len(self._held) >= MANY
            return self._stop(self._held.pop()) if enough else []
        else:
            return [outcome]
        return [*self.release(), outcome]

    def release(self) -> list[Outcome]:
        """Those held back, as they were."""
        held, self._held = self._held, []
        return held

    def end(self, *, others_leave: bool) -> list[Outcome]:
        """Return those held back at the end of the run; `others_leave`: other runs' emails are taken just now."""
        unmade = [outcome for outcome in self._held if outcome.unmade]
        if not unmade or self._was_taken or others_leave:
            return self.release()
        self.refused = unmade[-1].reason
        return [_stopped(outcome, outcome.reason) if outcome.unmade else outcome for outcome in self.release()]

    @property
    def holds_unmade(self) -> bool:
        return any(outcome.unmade for outcome in self._held)

    def _broken(self, outcome: Outcome) -> Outcome:
        enough = self._breaks >= (OFFERS if self.is_probe else MANY)
        if outcome.result is Result.UNCERTAIN:  # that it is, whatever the server is like
            self.refused = outcome.reason if enough or self.is_probe else self.refused
            return outcome
        offers = self._offers[outcome.delivery_id] = self._offers.get(outcome.delivery_id, 0) + 1
        if enough:
            return replace(outcome, result=Result.STOPPED)
        return outcome if offers < OFFERS else replace(outcome, result=Result.LATER)

    def _stop(self, outcome: Outcome) -> list[Outcome]:
        self.refused = outcome.reason
        return [_stopped(one, outcome.reason) for one in (*self.release(), outcome)]


def _stopped(outcome: Outcome, reason: str) -> Outcome:
    if outcome.unmade:
        return replace(outcome, result=Result.HELD, seconds=PUT_OFF)
    return replace(outcome, result=Result.STOPPED, reason=reason)
