"""The rule for soft bounces: enough digests in a row, over enough days, suppress an address. Pure."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

MIN_BOUNCED_DIGESTS = 5
SPAN = dt.timedelta(days=7)


class DigestOutcome(Enum):
    """The outcome of one digest, as far as it is known."""

    BOUNCED = auto()
    ARRIVED = auto()
    NO_REPORT = auto()  # sent, and no later event
    NOT_SENT = auto()


@dataclass(frozen=True, slots=True)
class MailedDigest:
    """One digest of a reader. `day` is set if it bounced."""

    outcome: DigestOutcome
    day: dt.date | None = None


def bounced_for_too_long(digests: Iterable[MailedDigest]) -> bool:
    """Return whether the newest digests bounced for too long. `digests` are newest first; each day counts once."""
    days: set[dt.date] = set()
    for digest in digests:
        if digest.outcome is DigestOutcome.BOUNCED and digest.day is not None:
            days.add(digest.day)
        elif digest.outcome is DigestOutcome.ARRIVED or (digest.outcome is DigestOutcome.NO_REPORT and days):
            break  # not all providers report deliveries, but a digest sent before a bounce would have bounced by now
    return len(days) >= MIN_BOUNCED_DIGESTS and max(days) - min(days) >= SPAN
