"""Mails of one edition in one language: a frame, its papers, and the reader's own things in their places."""

import logging
import time
from collections.abc import Sequence
from email.utils import formatdate
from functools import lru_cache

from django.conf import settings
from jinja2 import TemplateError

from digest.email import reader_urls, rendering
from digest.email.batch import verification
from digest.email.batch.part_cache import PartCache, header
from digest.email.batch.recipients import Recipient
from digest.email.batch.template_parts import CutError, Frame, FrameKey
from digest.email.quoted_printable import SOFT_BREAK, decode, without_dots
from digest.models import Edition, Paper
from digest.models.deliveries import message_id
from digest.personalization import snapshot
from digest.personalization.digest_selection import Digest
from subscriptions.brand import Look
from subscriptions.email import builder
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose

logger = logging.getLogger(__name__)

SLOW = (
    "The templates of the digest were overridden in a way that keeps them from being taken apart. Its mails are right, "
    "and made one by one, which is slow: see docs/design.md for what templates have to keep to."
)

Written = tuple[bytes, snapshot.Record]


class EmailAssembler:
    """Makes the mails of digests chosen from `papers`, in `language` and `look`."""

    def __init__(self, edition: Edition, papers: Sequence[Paper], language: str, look: Look) -> None:
        self.is_odd = False  # the templates can't be taken apart
        self._edition = edition
        self._part_cache = PartCache(edition, papers, language, look)
        self._proven: set[tuple[object, ...]] = set()  # kinds of mails

    def write(self, digest: Digest, reader: Recipient) -> Written:
        """The mail, and what it holds; the last papers are left out where it would get too long."""
        if self.is_odd:
            return self._plain(digest, reader)
        if _kind(digest, reader) in self._proven:
            return self._put_together(digest, reader)
        return self._prove(digest, reader)

    def _prove(self, digest: Digest, reader: Recipient) -> Written:
        """The mail, compared: templates can be overridden, and nobody has tested that those can be taken apart."""
        plain = self._plain(digest, reader)
        try:
            made = self._put_together(digest, reader)
            self.is_odd = not verification.look_alike(made[0], plain[0])
        except (CutError, TemplateError) as error:
            self.is_odd = True
            logger.warning("The digest's templates can't be taken apart: %s", error)
        if self.is_odd:
            logger.error(SLOW)
            return plain
        self._proven.add(_kind(digest, reader))
        return made

    def _put_together(self, digest: Digest, reader: Recipient) -> Written:
        while True:
            frame = self._part_cache.frame(_situation(digest, reader))
            pieces, record = self._fill(frame, digest, reader)
            wire = b"".join(pieces)
            fits = len(wire) <= rendering.MOST_HTML or rendering.fits(decode(b"".join(pieces[frame.html])))
            if fits or not digest.can_be_shorter:
                return wire, record
            digest = digest.shorter()

    def _fill(self, frame: Frame, digest: Digest, reader: Recipient) -> tuple[list[bytes], snapshot.Record]:
        cache, matches = self._part_cache, digest.matches
        token = reader_urls.opinion_token(reader.uid, self._edition.pk, reader.generation).encode() + SOFT_BREAK
        pieces = frame.form.fill(self._own(frame, digest, reader) | {"opinion": token})
        records = []
        for (in_text, in_html), minor, match in zip(frame.papers, frame.minor, matches, strict=True):
            told = cache.render_paper_briefly(match) if minor else cache.render_paper(match)
            pieces[in_text], pieces[in_html] = token.join(told.text), token.join(told.html)
            records.append(told.record)
        return pieces, snapshot.record_from_parts(records, digest, reader.frequency, reader.language)

    def _own(self, frame: Frame, digest: Digest, reader: Recipient) -> dict[str, bytes]:
        """What is the reader's own in the mail."""
        matches = digest.matches
        unsubscribe = link_tokens.sign(Purpose.UNSUBSCRIBE, reader.uid).encode()
        subject, subject_header = self._part_cache.subject(matches)
        in_text, in_html = self._part_cache.why_this_mail(reader.frequency, reader.confirmed)
        return {
            "digest": reader_urls.digest_token(reader.uid, self._edition.pk).encode() + SOFT_BREAK,
            "address": _address(reader.address),
            "date": _date(int(time.time())),
            "message id": message_id(reader.uid, self._edition.day).encode(),
            "unsubscribe": unsubscribe + SOFT_BREAK,
            "unsubscribe header": unsubscribe,
            "preferences": link_tokens.sign(Purpose.PREFERENCES, reader.uid + reader.generation).encode() + SOFT_BREAK,
            "subject": subject,
            "subject header": subject_header,
            "preheader": self._part_cache.preheader(matches, frame.lead),
            "text since": in_text,
            "html since": in_html,
        }

    def _plain(self, digest: Digest, reader: Recipient) -> Written:
        """The mail as it is made for one reader alone."""
        with self._part_cache.in_language_and_look():
            message = verification.render_alone(digest, self._edition, reader)
            return without_dots(message.message().as_bytes(linesep="\r\n")), message.papers


def _situation(digest: Digest, reader: Recipient) -> FrameKey:
    follows_nothing = bool(digest.for_you) and not digest.for_you[0].findings[0].interest
    return FrameKey(reader.frequency, follows_nothing, len(digest.for_you), len(digest.trending), digest.more)


def _kind(digest: Digest, reader: Recipient) -> tuple[object, ...]:
    """What templates look at: whether there are any, or several, not how many."""
    frequency, follows_nothing, *numbers = _situation(digest, reader)
    return (frequency, follows_nothing, *(min(number, 2) for number in numbers))


@lru_cache(4)
def _date(second: int) -> bytes:
    return formatdate(second, localtime=settings.EMAIL_USE_LOCALTIME).encode()


def _address(address: str) -> bytes:
    """As it stands in To."""
    plain = address.isascii() and address.isprintable()
    return address.encode() if plain else header("To", builder.Message(to=[address]))
