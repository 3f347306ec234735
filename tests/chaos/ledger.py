"""What the mail server took, held against what the database says. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

GRACE = 1.0  # seconds; a mail that had begun by then was handed over before the reader left


class Taken(NamedTuple):
    began_at: float
    taken_at: float
    message_id: str
    recipient: str
    is_answered: bool


@dataclass(frozen=True)
class Verdict:
    lost: list[str]  # addresses that got nothing, though the ledger says sent, or nobody refused them and they stayed
    unknown: list[str]  # that got a mail of which the ledger does not say so
    repeated: int  # mails too many
    excused: int  # of those, the ones whose first answer the server kept to itself
    other_ids: int  # repeats that did not carry the Message-ID of the first
    after_leaving: list[str]
    unfinished: list[str]
    statuses: dict[str, int]


def read(lines: Iterable[str]) -> list[Taken]:
    rows = (line.split() for line in lines)
    return [Taken(float(row[0]), float(row[1]), row[2], row[3], row[4] == "answered") for row in rows]


def check(taken: Iterable[Taken], ledger: Mapping[str, str], left: Mapping[str, float]) -> Verdict:
    """`ledger`: the status by address, "failed" only where the server refused it for good.

    `left`: when those who left did (seconds), by address.
    """
    taken = list(taken)
    got = Counter(mail.recipient for mail in taken)
    ends = {"sent": got, "skipped": left, "failed": ledger, "uncertain": ledger, "queued": ledger}
    ids: dict[str, set[str]] = {}
    for mail in taken:
        ids.setdefault(mail.recipient, set()).add(mail.message_id)
    repeats = sum(got.values()) - len(got)
    late = [mail.recipient for mail in taken if mail.began_at > left.get(mail.recipient, mail.began_at) + GRACE]
    return Verdict(
        lost=[address for address, status in ledger.items() if address not in ends.get(status, ())],
        unknown=[address for address in got if ledger.get(address) not in ("sent", "uncertain")],
        repeated=repeats,
        excused=min(repeats, sum(not mail.is_answered for mail in taken)),
        other_ids=sum(len(found) - 1 for found in ids.values()),
        after_leaving=late,
        unfinished=[address for address, status in ledger.items() if status == "queued"],
        statuses=dict(Counter(ledger.values())),
    )
