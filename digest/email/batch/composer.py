"""Mails as bytes, for deliveries by the hundred: what a worker hands over as it is."""

import datetime as dt
import gc
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from django.db.models import Model

from digest.editions import candidates
from digest.email.batch.assembler import EmailAssembler
from digest.email.batch.recipients import Recipient, RecipientLoader
from digest.models import Edition
from digest.personalization import paper_index, snapshot
from digest.personalization.digest_selection import compose
from subscriptions import brand
from subscriptions.brand import Look
from subscriptions.query.grammar import FilterError

logger = logging.getLogger(__name__)

NOTHING_MATCHED = "Nothing in it matched what the reader follows."
CHUNK = 500  # readers read at a time
FRESH = 60.0  # seconds: then a paper that was hidden, or a note that was changed, is noticed
YOUNG = 40_000  # things that are made before somebody looks whether they are garbage
MOST_ISSUES = 8  # editions, and weeks to them, that are kept


class DeliveryRow(NamedTuple):
    """A delivery to be composed: who is to get which edition."""

    delivery_id: int
    edition_id: int
    subscriber_id: int


@dataclass(frozen=True, slots=True)
class ComposedEmail:
    """A mail ready to leave, or why there is none.

    `message` is whole (RFC 5322): lines end on CRLF, all is 7-bit, no line begins with a dot. None: there is nothing
    to send, and `reason` says why; where a `problem` came up, it can't be made.
    """

    delivery_id: int
    address: str = ""
    sender: str = ""  # of the envelope
    message: bytes | None = None
    papers: snapshot.Record = field(default_factory=dict)  # for Delivery.papers
    reason: str = ""
    problem: Exception | None = None
    reader: str = ""  # their uid, in hexadecimal


class EditionContext:
    """What all mails of an edition, or of the days up to it, are chosen from and made of."""

    def __init__(self, edition: Edition, since: dt.date | None) -> None:
        self.edition = edition
        self.papers = list(candidates.papers(edition, since))
        self.index = paper_index.build_index(self.papers)
        self.fresh_until = time.monotonic() + FRESH
        self._since = since
        self._assemblers: dict[tuple[str, Look], EmailAssembler] = {}

    def assembler_for(self, language: str, look: Look) -> EmailAssembler:
        if (language, look) not in self._assemblers:
            self._assemblers[language, look] = EmailAssembler(self.edition, self.papers, language, look)
        return self._assemblers[language, look]

    def renewed(self) -> "EditionContext":
        """The same, if nothing that its mails are made of has changed; else a new one."""
        edition = Edition.objects.get(pk=self.edition.pk)
        papers = candidates.papers(edition, self._since)
        if _fields(edition) != _fields(self.edition) or [*map(_fields, papers)] != [*map(_fields, self.papers)]:
            return EditionContext(edition, self._since)
        self.fresh_until = time.monotonic() + FRESH
        return self


class Composer:
    """Makes mails, and keeps what it has read of an edition. One for each worker, for a minute or for days."""

    def __init__(self) -> None:
        self._issues: dict[tuple[int, dt.date | None], EditionContext] = {}
        self._readers = RecipientLoader()

    def compose(self, rows: Iterable[DeliveryRow]) -> Iterator[ComposedEmail]:
        """The mail of each row, in their order. What goes wrong with one keeps no other from being made."""
        left = iter(rows)
        while chunk := list(islice(left, CHUNK)):
            readers = self._readers.read([row.subscriber_id for row in chunk])
            since = candidates.weekly_cutoffs(
                (row.edition_id, row.subscriber_id) for row in chunk if _is_weekly(readers.get(row.subscriber_id))
            )
            look = brand.current()
            for row in chunk:
                day = since.get((row.edition_id, row.subscriber_id))
                yield self._try(row, readers.get(row.subscriber_id), day, look)

    def _try(
        self, row: DeliveryRow, reader: Recipient | FilterError | None, since: dt.date | None, look: Look
    ) -> ComposedEmail:
        try:
            if not isinstance(reader, Recipient):
                raise reader or LookupError("its reader is gone")
            issue = self._issue(row.edition_id, since)
            return self._compose(row.delivery_id, reader, issue, look)
        except Exception as error:
            logger.exception("Delivery %s can't be composed", row.delivery_id)
            return ComposedEmail(row.delivery_id, reason=f"The mail can't be made: {error}", problem=error)

    def _compose(self, delivery_id: int, reader: Recipient, issue: EditionContext, look: Look) -> ComposedEmail:
        digest = compose(issue.index, reader.wanted, issue.edition.day)
        if not digest.is_worth_sending:
            return ComposedEmail(delivery_id, reader.address, reason=NOTHING_MATCHED)
        wire, record = issue.assembler_for(reader.language, look).write(digest, reader)
        return ComposedEmail(delivery_id, reader.address, look.sender_address, wire, record, reader=reader.uid.hex())

    def _issue(self, edition_id: int, since: dt.date | None) -> EditionContext:
        key = (edition_id, since)
        known = self._issues.get(key)
        if known is None:
            if len(self._issues) >= MOST_ISSUES:
                self._issues.pop(next(iter(self._issues)))
            known = self._issues[key] = EditionContext(Edition.objects.get(pk=edition_id), since)
            tune_gc()
        elif known.fresh_until < time.monotonic():
            known = self._issues[key] = known.renewed()
        return known


def tune_gc() -> None:
    """Keep the collector of garbage from looking at what stays, and from looking after every few mails.

    For the whole process: by default it looks at all that is young for each 700 new things, and at all that there is
    for each 70,000, which takes a sixth of the time in which mails are made.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)


def _fields(row: Model) -> dict[str, object]:
    """What of a row its mails may show."""
    unseen = {"_state", "planned_until", "edition_votes", "enriched_at"}
    return {name: value for name, value in vars(row).items() if name not in unseen}


def _is_weekly(reader: Recipient | FilterError | None) -> bool:
    return isinstance(reader, Recipient) and reader.frequency == "weekly"
