"""What can become of a mail that is handed over, and when another try is due. Pure."""

import datetime as dt
import random
from dataclasses import dataclass
from enum import StrEnum

FIRST_WAIT = dt.timedelta(minutes=10)  # doubled with each try: greylisting lets mail in after minutes, full disks later
LONGEST_WAIT = dt.timedelta(hours=4)
WORTH_TRYING = dt.timedelta(hours=22)  # then the next edition is coming
JITTER = 0.2  # of the wait, to either side: shards that failed together do not come back together


class Result(StrEnum):
    """How one hand-over ended."""

    SENT = "sent"  # accepted
    LATER = "later"  # refused for now: this mail is tried again
    FAILED = "failed"  # refused for good
    UNCERTAIN = "uncertain"  # it may have been accepted: the answer never came
    SKIPPED = "skipped"  # nothing to hand over, and why
    AGAIN = "again"  # it can't have been accepted, and nobody refused it: its connection broke. Offered again at once
    HELD = "held"  # nobody was asked: a limit keeps it back for `seconds`
    ELSEWHERE = "elsewhere"  # one way out refused it for us, and there is another: offered again at once
    STOPPED = "stopped"  # not accepted: the server refuses everything, and no reader is to blame for it


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the hand-over of one delivery ended. `papers` is what its mail held (see `Delivery.papers`).

    `bounce` is "hard" where the address is no good, "soft" where its mailbox is not, "" where neither was said.
    `call` is the key of the call in which it may have been handed over, now or before.
    """

    delivery_id: int
    result: Result
    reason: str = ""  # for the operator, without an address
    provider_id: str = ""
    papers: object = None
    bounce: str = ""
    seconds: float = 0.0
    call: str = ""


def wait_before(attempts: int, luck: random.Random) -> dt.timedelta:
    """How long to wait after `attempts` tries, from 1 on."""
    wait: dt.timedelta = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    return wait * luck.uniform(1 - JITTER, 1 + JITTER)


def longest_wait() -> dt.timedelta:
    """Before the second try."""
    return FIRST_WAIT * (1 + JITTER)


def is_worth_another(queued_at: dt.datetime, next_try: dt.datetime) -> bool:
    """Whether a mail queued at `queued_at` is still news at `next_try`."""
    return next_try - queued_at < WORTH_TRYING
