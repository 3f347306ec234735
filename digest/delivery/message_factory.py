"""Message factories: they make the email of each delivery, in the form that the transport takes."""

import datetime as dt
import logging
from collections.abc import Iterable, Iterator
from typing import Protocol

from django.db import DatabaseError

from digest.delivery.transports import Mail
from digest.delivery.transports.outcomes import Outcome, Result
from digest.editions import candidates
from digest.email import rendering
from digest.email.batch.composer import NOTHING_MATCHED, ComposedEmail, Composer, DueDelivery
from digest.matching import Index
from digest.models import Delivery
from digest.personalization import paper_index, profiles
from digest.personalization.digest_selection import compose
from subscriptions import brand
from subscriptions.email import send_errors
from subscriptions.email.send_errors import NoPostalAddressError
from subscriptions.query.grammar import FilterError

logger = logging.getLogger(__name__)


class MessageFactory(Protocol):
    def make(self, rows: Iterable[DueDelivery]) -> Iterator[Mail | Outcome]:
        """Yield the email of each delivery in turn, or its outcome if there is none to send."""
        ...


class RawMessageFactory:
    """A factory of emails as bytes, for transports that take bytes. It uses the fast composer."""

    def __init__(self) -> None:
        self._composer = Composer()

    def make(self, rows: Iterable[DueDelivery]) -> Iterator[Mail | Outcome]:
        return map(_as_mail, self._composer.compose(rows))


class DjangoMessageFactory:
    """A factory of Django's email messages, one reader after another. It keeps the indexes of editions in memory."""

    def __init__(self) -> None:
        self._indexes: dict[tuple[int, dt.date | None], Index] = {}

    def make(self, rows: Iterable[DueDelivery]) -> Iterator[Mail | Outcome]:
        pks = [row.delivery_id for row in rows]
        whole = Delivery.objects.select_related("edition", "subscriber").prefetch_related("subscriber__filters__topic")
        for delivery in whole.filter(pk__in=pks).order_by("pk"):
            try:
                yield self._make(delivery)
            except DatabaseError:
                raise  # it does not concern this email alone
            except Exception as error:
                logger.exception("The email of delivery %s can't be made", delivery.pk)
                yield _failed_to_make(delivery.pk, error)

    def _make(self, delivery: Delivery) -> Mail | Outcome:
        since = candidates.weekly_cutoff(delivery.edition, delivery.subscriber)
        key = (delivery.edition_id, since)
        if key not in self._indexes:
            self._indexes[key] = paper_index.build_index(candidates.papers(delivery.edition, since))
        digest = compose(self._indexes[key], profiles.profile_of(delivery.subscriber), delivery.edition.day)
        if not digest.is_worth_sending:
            return Outcome(delivery.pk, Result.SKIPPED, NOTHING_MATCHED)
        message = rendering.build_digest_message(digest, delivery)
        reader, sender = delivery.subscriber, brand.current().sender_address
        return Mail(delivery.pk, reader.email, sender, message, message.papers, reader=reader.uid.hex)


def _as_mail(composed: ComposedEmail) -> Mail | Outcome:
    if isinstance(composed.problem, DatabaseError):
        raise composed.problem  # it does not concern this email alone
    if composed.problem is not None:
        return _failed_to_make(composed.delivery_id, composed.problem)
    if composed.message is None:
        return Outcome(composed.delivery_id, Result.SKIPPED, composed.reason)
    return Mail(
        composed.delivery_id,
        composed.address,
        composed.sender,
        composed.message,
        composed.papers,
        reader=composed.reader,
    )


def _failed_to_make(delivery_id: int, error: Exception) -> Outcome:
    if isinstance(error, NoPostalAddressError):
        return Outcome(delivery_id, Result.STOPPED, str(error))
    concerns_reader_alone = isinstance(error, FilterError)  # a filter of this reader can't be parsed
    return Outcome(delivery_id, Result.RETRY_LATER, send_errors.unmade(error), unmade=not concerns_reader_alone)
