"""The check of the ledger: the emails that the mail server accepted, compared with the database. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

GRACE = 1.0  # seconds; an email that began no later than this after the reader left was already being sent


class Taken(NamedTuple):
    began_at: float
    taken_at: float
    message_id: str
    recipient: str
    is_answered: bool


@dataclass(frozen=True)
class LedgerVerdict:
    """The differences between the mail server's log and the ledger. Readers are given by their addresses."""

    lost: list[str]  # got no email, though recorded as sent, or though they stayed and no server refused them
    unknown: list[str]  # got an email that is not recorded
    repeated: int  # surplus emails
    excused: int  # surplus emails after an answer that the server did not send
    other_ids: int  # surplus emails with another Message-ID than the first
    after_leaving: list[str]  # got an email after they had unsubscribed
    unfinished: list[str]
    statuses: dict[str, int]


def read(lines: Iterable[str]) -> list[Taken]:
    rows = (line.split() for line in lines)
    return [Taken(float(row[0]), float(row[1]), row[2], row[3], row[4] == "answered") for row in rows]


def check(taken: Iterable[Taken], ledger: Mapping[str, str], left: Mapping[str, float]) -> LedgerVerdict:
    """Compare the emails `taken` by the mail server with the `ledger`.

    `ledger` holds the status by address, with "failed" only if the server refused the email for good. `left` holds the
    times (seconds) at which readers unsubscribed, by address.
    """
    taken = list(taken)
    got = Counter(mail.recipient for mail in taken)
    ends = {"sent": got, "skipped": left, "failed": ledger, "uncertain": ledger, "queued": ledger}
    ids: dict[str, set[str]] = {}
    for mail in taken:
        ids.setdefault(mail.recipient, set()).add(mail.message_id)
    repeats = sum(got.values()) - len(got)
    late = [mail.recipient for mail in taken if mail.began_at > left.get(mail.recipient, mail.began_at) + GRACE]
    return LedgerVerdict(
        lost=[address for address, status in ledger.items() if address not in ends.get(status, ())],
        unknown=[address for address in got if ledger.get(address) not in ("sent", "uncertain")],
        repeated=repeats,
        excused=min(repeats, sum(not mail.is_answered for mail in taken)),
        other_ids=sum(len(found) - 1 for found in ids.values()),
        after_leaving=late,
        unfinished=[address for address, status in ledger.items() if status == "queued"],
        statuses=dict(Counter(ledger.values())),
    )
