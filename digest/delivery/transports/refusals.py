"""Whose fault a refusal is shows from the others: held back until the server has been seen to take a mail.

A server over its quota, or one that takes our mail for spam, answers every recipient alike. Taken at its word it
would fail a whole edition's readers; after MANY refusals in a row none counts, and the run is stopped.
"""

from dataclasses import replace

from digest.delivery.outcomes import Outcome, Result

MANY = 20


class Refusals:
    """Those in a row, so far."""

    def __init__(self) -> None:
        self._held: list[Outcome] = []

    def weigh(self, outcome: Outcome) -> list[Outcome]:
        """The outcomes that are certain with this one."""
        if outcome.bounce or outcome.result not in (Result.LATER, Result.FAILED, Result.SENT):
            return [outcome]  # what is said about an address stands
        if outcome.result is Result.SENT:
            return [*self.release(), outcome] if self._held else [outcome]
        self._held.append(outcome)
        return self._stop() if len(self._held) >= MANY else []

    def release(self) -> list[Outcome]:
        """Those held back, as they were."""
        held, self._held = self._held, []
        return held

    def _stop(self) -> list[Outcome]:
        reason = f"The mail server refused {MANY} mails in a row. {self._held[-1].reason}"
        return [replace(outcome, result=Result.STOPPED, reason=reason) for outcome in self.release()]
