"""What can become of a mail that is handed over. Pure."""

from dataclasses import dataclass
from enum import StrEnum


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
    `call` is the key of the call in which it may have been handed over, now or before. `unmade`: it was offered to no
    server, because it could not be made or written for one.
    """

    delivery_id: int
    result: Result
    reason: str = ""  # for the operator, without an address
    provider_id: str = ""
    papers: object = None
    bounce: str = ""
    seconds: float = 0.0
    call: str = ""
    unmade: bool = False
