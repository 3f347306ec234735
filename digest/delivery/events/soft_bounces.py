"""When a mailbox that takes no mail for the moment is given up: after five issues in a row, over a week. Pure."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

ISSUES = 5
SPAN = dt.timedelta(days=7)


class DigestFate(Enum):
    """What is known of one issue."""

    BOUNCED = auto()
    ARRIVED = auto()
    SENT = auto()  # and nothing was heard of it
    NOT_SENT = auto()


@dataclass(frozen=True, slots=True)
class MailedDigest:
    """One digest of a reader; `day` is when it bounced, where it did."""

    fate: DigestFate
    day: dt.date | None = None


def is_worn_out(issues: Iterable[MailedDigest]) -> bool:
    """Whether the newest of `issues`, which come newest first, bounced for long enough. A day counts once."""
    days: set[dt.date] = set()
    for issue in issues:
        if issue.fate is DigestFate.BOUNCED and issue.day is not None:
            days.add(issue.day)
        elif issue.fate is DigestFate.ARRIVED or (issue.fate is DigestFate.SENT and days):
            break  # not all providers say what arrived; but what was sent before a bounce would have bounced by then
    return len(days) >= ISSUES and max(days) - min(days) >= SPAN
