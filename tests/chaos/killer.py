"""The killer: while digests are sent, it kills a whole worker every 0.6 to 2.5 seconds with `kill -9`.

Nothing else goes wrong, and the mail server is healthy, so no email may fail or be lost. After the given number of
kills, the workers have all the time they need for the rest.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tests.chaos import ledger

WORKERS = 3
SECONDS = (0.6, 2.5)  # between two kills
LEAVES_EVERY = 10  # kills, after which some readers unsubscribe
REST = 600.0  # seconds for the rest of the deliveries after the last kill


class Crowd(Protocol):
    """The interface of `tests.chaos.crowd.Crowd`, which can't be imported here because that opens the database."""

    left: dict[str, float]

    def let_some_leave(self) -> None: ...

    def is_waiting(self) -> bool: ...

    def ended(self) -> int: ...

    def wait_until_all_is_done(self, seconds: float) -> None: ...

    def statuses(self) -> dict[str, str]: ...


@dataclass(frozen=True)
class KillerResult:
    """The verdict on the crowd's emails, and how long it took."""

    kills: int
    ended_during_kills: int  # deliveries
    kills_until_all_ended: int | None
    kill_seconds: float  # from the first kill to the last
    rest_seconds: float  # from the last kill until all had ended
    verdict: ledger.LedgerVerdict

    def figures(self) -> dict[str, Any]:
        verdict = self.verdict
        return {
            "kills": self.kills,
            "ended_during_kills": self.ended_during_kills,
            "kills_until_all_ended": self.kills_until_all_ended,
            "kill_seconds": self.kill_seconds,
            "rest_seconds": self.rest_seconds,
            "lost": len(verdict.lost),
            "recorded_otherwise": len(verdict.unknown),
            "repeated": verdict.repeated,
            "with_another_message_id": verdict.other_ids,
            "after_unsubscribe": len(verdict.after_leaving),
            "unfinished": len(verdict.unfinished),
            "statuses": verdict.statuses,
        }


def run(
    crowd: Crowd,
    restart_worker: Callable[[int], None],
    taken: Callable[[], list[ledger.Taken]],
    *,
    kills: int,
    chance: random.Random,
) -> KillerResult:
    began_at, kills_until_all_ended = time.monotonic(), None
    for kill in range(kills):
        time.sleep(chance.uniform(*SECONDS))
        restart_worker(chance.randrange(WORKERS))
        if kill % LEAVES_EVERY == 0:
            crowd.let_some_leave()
        if kills_until_all_ended is None and not crowd.is_waiting():
            kills_until_all_ended = kill + 1
    killed_until = time.monotonic()
    ended = crowd.ended()
    crowd.wait_until_all_is_done(REST)
    return KillerResult(
        kills,
        ended,
        kills_until_all_ended,
        round(killed_until - began_at, 1),
        round(time.monotonic() - killed_until, 1),
        ledger.check(taken(), crowd.statuses(), crowd.left),
    )
