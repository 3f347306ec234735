"""Outcomes: the possible results of handing an email over. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """The result of one attempt."""

    SENT = "sent"  # accepted
    RETRY_LATER = "later"  # refused for now: retried later
    FAILED = "failed"  # refused for good
    UNCERTAIN = "uncertain"  # no answer came: it may have been accepted
    SKIPPED = "skipped"  # nothing was sent; the reason says why
    REOFFER = "again"  # the connection broke before it could be accepted: offered again at once
    DEFERRED = "held"  # not tried yet: queued again for `seconds`, because of a limit or of other emails
    NEXT_PROVIDER = "elsewhere"  # this provider refuses everything: offered to the next one at once
    STOPPED = "stopped"  # the server refuses everything; no email is to blame


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one delivery. `papers` are those of its email (see `Delivery.papers`).

    `bounce` is "hard" if the address does not exist, "soft" if its mailbox takes no emails now, and "" otherwise.
    `call` is the idempotency key of the call that may have sent it, now or before. `unmade` means that no server got
    it, because the email could not be made.
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
