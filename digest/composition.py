"""Mails as bytes, for deliveries by the hundred: what a worker hands over as it is."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any, NamedTuple

from django.conf import settings

from digest import interests, mailed, reading, rendering
from digest.composing import compose
from digest.matching import Index
from digest.models import Delivery

logger = logging.getLogger(__name__)

NOTHING_MATCHED = "Nothing in it matched what the reader follows."


class DeliveryRow(NamedTuple):
    """A delivery to be composed: who is to get which edition."""

    delivery_id: int
    edition_id: int
    subscriber_id: int


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail ready to leave, or why there is none.

    `message` is whole (RFC 5322): lines end on CRLF, all is 7-bit, no line begins with a dot. None: there is nothing
    to send, and `reason` says why; where a `problem` came up, it can't be made.
    """

    delivery_id: int
    address: str = ""
    sender: str = ""  # of the envelope
    message: bytes | None = None
    papers: dict[str, Any] = field(default_factory=dict)  # for Delivery.papers, see `digest.mailed`
    reason: str = ""
    problem: Exception | None = None


class Composer:
    """Makes mails, and keeps what it has read of an edition. One for each worker, for a minute or for days."""

    def __init__(self) -> None:
        self._indexes: dict[Any, Index] = {}

    def compose(self, rows: Iterable[DeliveryRow]) -> Iterator[Composed]:
        """The mail of each row, in their order. What goes wrong with one keeps no other from being made."""
        for row in rows:
            try:
                yield self._compose(row)
            except Exception as error:
                logger.exception("Delivery %s can't be composed", row.delivery_id)
                yield Composed(row.delivery_id, reason=f"The mail can't be made: {error}", problem=error)

    def _compose(self, row: DeliveryRow) -> Composed:
        whole = Delivery.objects.select_related("edition", "subscriber").prefetch_related("subscriber__filters__topic")
        delivery = whole.get(pk=row.delivery_id)
        since = reading.since(delivery.edition, delivery.subscriber)
        key = (delivery.edition_id, since)
        if key not in self._indexes:
            self._indexes[key] = Index(reading.papers(delivery.edition, since))
        digest = compose(self._indexes[key], interests.wanted_by(delivery.subscriber), delivery.edition.day)
        if not digest.is_worth_sending:
            return Composed(row.delivery_id, delivery.subscriber.email, reason=NOTHING_MATCHED)
        message = rendering.build_digest_message(digest, delivery)
        return Composed(
            row.delivery_id,
            delivery.subscriber.email,
            parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
            message.message().as_bytes(linesep="\r\n"),
            mailed.record(digest),
        )
