"""Compose the digests of many deliveries as bytes that a worker can send unchanged."""

import datetime as dt
import gc
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from django.db.models import Model

from digest.editions import candidates
from digest.email.batch.assembler import EmailAssembler
from digest.email.batch.recipients import Recipient, RecipientLoader
from digest.matching import Interest
from digest.matching.assembly import text_of
from digest.models import Edition, Paper
from digest.personalization import assessments, embeddings, paper_index, snapshot
from digest.personalization.digest_selection import compose
from subscriptions import brand
from subscriptions.brand import Look
from subscriptions.models import Subscriber
from subscriptions.query.grammar import FilterError

Readers = Mapping[int, Recipient | FilterError]  # by id
Cutoffs = Mapping[tuple[int, int], dt.date]  # of weekly readers, by the ids of the edition and the reader

logger = logging.getLogger(__name__)

NOTHING_MATCHED = "Nothing in it matched what the reader follows."
CHUNK = 500  # readers in a query
PREPARED = 100  # readers who are matched together
REREAD_AFTER = 60.0  # seconds, after which hidden papers and changed notes are noticed
GC_THRESHOLD = 40_000  # new objects between two runs of the garbage collector
MAX_EDITIONS = 8  # kept in memory; a week that ends with an edition counts as one


class DueDelivery(NamedTuple):
    """A delivery to compose: its reader and its edition."""

    delivery_id: int
    edition_id: int
    subscriber_id: int


@dataclass(frozen=True, slots=True)
class ComposedEmail:
    """An email that is ready to send, or the reason why there is none.

    `message` is a whole email (RFC 5322): lines end with CRLF, all bytes are 7-bit, and no line begins with a dot. If
    it is None, there is nothing to send and `reason` says why. If there is a `problem`, the email could not be made.
    """

    delivery_id: int
    address: str = ""
    sender: str = ""  # of the SMTP envelope
    message: bytes | None = None
    papers: snapshot.Record = field(default_factory=dict)  # to store in Delivery.papers
    reason: str = ""
    problem: Exception | None = None
    reader: str = ""  # uid in hexadecimal


class EditionContext:
    """The papers, index and assemblers for emails of an edition, or of the days after `cutoff` up to it."""

    def __init__(self, edition: Edition, cutoff: dt.date | None) -> None:
        self.edition = edition
        self.papers = list(candidates.papers(edition, cutoff))
        self.index = paper_index.build_index(self.papers)
        self._state = paper_index.state()  # after the index, which stores embeddings that were missing
        self.fresh_until = time.monotonic() + REREAD_AFTER
        self._cutoff = cutoff
        self._assemblers: dict[tuple[str, Look], EmailAssembler] = {}

    def assembler_for(self, language: str, look: Look) -> EmailAssembler:
        if (language, look) not in self._assemblers:
            self._assemblers[language, look] = EmailAssembler(self.edition, self.papers, language, look)
        return self._assemblers[language, look]

    def refreshed(self) -> "EditionContext":
        """Return itself if nothing changed that its emails are made from, or else a new context."""
        edition = Edition.objects.get(pk=self.edition.pk)
        papers = candidates.papers(edition, self._cutoff)
        is_same = [*map(_content, (edition, *papers))] == [*map(_content, (self.edition, *self.papers))]
        if not is_same or self._knows_more(papers):
            return EditionContext(edition, self._cutoff)
        self.fresh_until = time.monotonic() + REREAD_AFTER
        return self

    def _knows_more(self, papers: Iterable[Paper]) -> bool:
        """Return whether an index of `papers` would find more now: embeddings, expansions or assessments were added."""
        if self._state != paper_index.state() or assessments.of_papers(papers) != self.index.corpus.assessments:
            return True
        return bool(self.index.waiting) and embeddings.missing(map(text_of, papers)) < self.index.waiting


class Composer:
    """A composer of emails that caches recent editions. Each worker has one, for a minute or for days."""

    def __init__(self) -> None:
        self._editions: dict[tuple[int, dt.date | None], EditionContext] = {}
        self._recipients = RecipientLoader()

    def compose(self, rows: Iterable[DueDelivery]) -> Iterator[ComposedEmail]:
        """Yield the email of each row, in order. A failure of one does not stop the others."""
        remaining = iter(rows)
        while chunk := list(islice(remaining, CHUNK)):
            readers = self._recipients.read([row.subscriber_id for row in chunk])
            cutoffs = candidates.weekly_cutoffs(
                (row.edition_id, row.subscriber_id) for row in chunk if _is_weekly(readers.get(row.subscriber_id))
            )
            look = brand.current()
            for number, row in enumerate(chunk):
                if number % PREPARED == 0:
                    self._prepare(chunk[number : number + PREPARED], readers, cutoffs)
                cutoff = cutoffs.get((row.edition_id, row.subscriber_id))
                yield self._try_compose(row, readers.get(row.subscriber_id), cutoff, look)

    def _prepare(self, rows: Iterable[DueDelivery], readers: Readers, cutoffs: Cutoffs) -> None:
        """Match the names and sentences of these readers together, which takes a fraction of the time."""
        asked: dict[tuple[int, dt.date | None, str], list[Interest]] = defaultdict(list)
        for row in rows:
            if isinstance(reader := readers.get(row.subscriber_id), Recipient):
                cutoff = cutoffs.get((row.edition_id, row.subscriber_id))
                asked[row.edition_id, cutoff, reader.profile.amount] += reader.profile.interests
        for (edition, cutoff, amount), interests in asked.items():
            with suppress(Exception):  # raised again by each email that can't be made for the same reason
                self._context(edition, cutoff).index.prepare(interests, amount)

    def _try_compose(
        self, row: DueDelivery, reader: Recipient | FilterError | None, cutoff: dt.date | None, look: Look
    ) -> ComposedEmail:
        try:
            if not isinstance(reader, Recipient):
                raise reader or LookupError("its reader was deleted")
            context = self._context(row.edition_id, cutoff)
            return self._compose(row.delivery_id, reader, context, look)
        except Exception as error:
            logger.exception("Delivery %s can't be composed", row.delivery_id)
            return ComposedEmail(row.delivery_id, reason=f"The email can't be made: {error}", problem=error)

    def _compose(self, delivery_id: int, reader: Recipient, context: EditionContext, look: Look) -> ComposedEmail:
        digest = compose(context.index, reader.profile, context.edition.day)
        if not digest.is_worth_sending:
            return ComposedEmail(delivery_id, reader.address, reason=NOTHING_MATCHED)
        wire, record = context.assembler_for(reader.language, look).write(digest, reader)
        return ComposedEmail(delivery_id, reader.address, look.sender_address, wire, record, reader=reader.uid.hex())

    def _context(self, edition_id: int, cutoff: dt.date | None) -> EditionContext:
        key = (edition_id, cutoff)
        context = self._editions.get(key)
        if context is None:
            if len(self._editions) >= MAX_EDITIONS:
                self._editions.pop(next(iter(self._editions)))
            context = self._editions[key] = EditionContext(Edition.objects.get(pk=edition_id), cutoff)
            tune_gc()
        elif context.fresh_until < time.monotonic():
            context = self._editions[key] = context.refreshed()
        return context


def tune_gc() -> None:
    """Make the garbage collector of this process ignore what exists now, and run it less often.

    The default is to examine the young objects after each 700 new ones, and all objects after each 70,000. That would
    take a sixth of the time of composing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)


def _content(row: Model) -> dict[str, object]:
    """Return the fields of a row that its emails may show."""
    not_shown = {"_state", "planned_until", "edition_votes", "enriched_at"}
    return {name: value for name, value in vars(row).items() if name not in not_shown}


def _is_weekly(reader: Recipient | FilterError | None) -> bool:
    return isinstance(reader, Recipient) and reader.frequency == Subscriber.Frequency.WEEKLY
