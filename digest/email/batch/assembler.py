"""Assemble emails of one edition in one language and theme: a frame, its papers, and the reader's personal values.

Templates can be overridden in ways that no test has seen. So the first email of each kind is compared with the email
that the plain path makes.
"""

import email.policy
import logging
import time
import uuid
from collections.abc import Sequence
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import formatdate
from functools import lru_cache

from django.conf import settings
from jinja2 import TemplateError

from digest import clock
from digest.email import contents, reader_urls, rendering
from digest.email.batch.part_cache import PartCache, header
from digest.email.batch.recipients import Recipient
from digest.email.batch.template_parts import Frame, FrameKey, SplitError
from digest.email.quoted_printable import SOFT_BREAK, decode, without_dots
from digest.models import Delivery, Edition, Paper
from digest.models.deliveries import message_id
from digest.personalization import snapshot
from digest.personalization.digest_selection import Digest
from subscriptions.brand import Look
from subscriptions.email import builder
from subscriptions.models import Subscriber
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose

logger = logging.getLogger(__name__)

SLOW = (
    "Overridden templates of the digest break the rules for digest templates, so its emails are made one by one. They "
    "are correct, but slow to make. See “Rules for digest templates” in docs/design.md."
)
# They differ each time: when the email was made, and the MIME boundary.
IGNORED_HEADERS = ("date", "content-type")

WrittenEmail = tuple[bytes, snapshot.Record]
Sections = Sequence[tuple[str, int]]  # the headings, with the number of papers below each


class EmailAssembler:
    """The maker of emails for digests chosen from `papers`, in `language` and `look`."""

    def __init__(self, edition: Edition, papers: Sequence[Paper], language: str, look: Look) -> None:
        self.uses_plain_path = False  # if the templates cannot be split, or the result differs
        self._edition = edition
        self._part_cache = PartCache(edition, papers, language, look)
        self._verified: set[tuple[object, ...]] = set()  # kinds of emails

    def write(self, digest: Digest, reader: Recipient) -> WrittenEmail:
        """Return the email and the record of its content, without the last papers if it would be too long."""
        if self.uses_plain_path:
            return self._render_plain(digest, reader)
        if _kind(digest, reader) in self._verified:
            return self._assemble(digest, reader)
        return self._verify(digest, reader)

    def _verify(self, digest: Digest, reader: Recipient) -> WrittenEmail:
        """Make the first email of a kind on both paths. If they differ, use the plain path from now on."""
        plain = self._render_plain(digest, reader)
        try:
            assembled = self._assemble(digest, reader)
            self.uses_plain_path = not have_same_content(assembled[0], plain[0])
        except (SplitError, TemplateError) as error:
            self.uses_plain_path = True
            logger.warning("The templates of the digest cannot be split: %s", error)
        if self.uses_plain_path:
            logger.error(SLOW)
            return plain
        self._verified.add(_kind(digest, reader))
        return assembled

    def _assemble(self, digest: Digest, reader: Recipient) -> WrittenEmail:
        while True:
            frame = self._part_cache.frame(_frame_key(digest, reader))
            pieces, record = self._fill(frame, digest, reader)
            wire = b"".join(pieces)
            fits = len(wire) <= rendering.MAX_HTML or rendering.fits(decode(b"".join(pieces[frame.html])))
            if fits or not digest.can_be_shorter:
                return wire, record
            digest = digest.shorter()

    def _fill(self, frame: Frame, digest: Digest, reader: Recipient) -> tuple[list[bytes], snapshot.Record]:
        cache, matches = self._part_cache, digest.matches
        token = reader_urls.opinion_token(reader.uid, self._edition.pk, reader.generation).encode() + SOFT_BREAK
        sections = cache.sections(digest)
        pieces = frame.template.fill(self._personal_values(frame, digest, sections, reader) | {"opinion": token})
        records = []
        groups = contents.groups_of(sections, len(matches))
        for (in_text, in_html, is_lead), match, group in zip(frame.papers, matches, groups, strict=True):
            rendered = cache.render_paper(match, group, is_lead)
            pieces[in_text], pieces[in_html] = token.join(rendered.text), token.join(rendered.html)
            records.append(rendered.record)
        self._add_headings(pieces, frame, sections)
        return pieces, snapshot.record_from_parts(records, digest, reader.frequency, reader.language)

    def _add_headings(self, pieces: list[bytes], frame: Frame, sections: Sections) -> None:
        """Put the headings of the digest's groups before their first papers."""
        first = 0
        for heading, papers in sections:
            in_text, in_html, _ = frame.papers[first]
            heading_in_text, heading_in_html = self._part_cache.heading(heading)
            pieces[in_text] = heading_in_text + pieces[in_text]
            pieces[in_html] = heading_in_html + pieces[in_html]
            first += papers

    def _personal_values(self, frame: Frame, digest: Digest, sections: Sections, reader: Recipient) -> dict[str, bytes]:
        """Return what only this reader's email contains, by the names of the places."""
        matches = digest.matches
        unsubscribe = link_tokens.sign(Purpose.UNSUBSCRIBE, reader.uid).encode()
        subject, subject_header = self._part_cache.subject(matches)
        contents_in_text, contents_in_html = self._part_cache.contents(digest, sections)
        in_text, in_html = self._part_cache.why_this_mail(reader.frequency, reader.confirmed)
        return {
            "digest": reader_urls.digest_token(reader.uid, self._edition.pk).encode() + SOFT_BREAK,
            "address": _encode_address(reader.address),
            "date": _date(int(time.time())),
            "message id": message_id(reader.uid, self._edition.day).encode(),
            "unsubscribe": unsubscribe + SOFT_BREAK,
            "unsubscribe header": unsubscribe,
            "preferences": link_tokens.sign(Purpose.PREFERENCES, reader.uid + reader.generation).encode() + SOFT_BREAK,
            "subject": subject,
            "subject header": subject_header,
            "preheader": self._part_cache.preheader(matches, frame.lead),
            "text contents": contents_in_text,
            "html contents": contents_in_html,
            "text since": in_text,
            "html since": in_html,
        }

    def _render_plain(self, digest: Digest, reader: Recipient) -> WrittenEmail:
        """Make the email on the plain path."""
        subscriber = Subscriber(
            pk=reader.id,
            uid=uuid.UUID(bytes=reader.uid),
            link_generation=int.from_bytes(reader.generation),
            email=reader.address,
            frequency=reader.frequency,
            language=reader.language,
            confirmed_at=clock.midnight(reader.confirmed),
        )
        with self._part_cache.in_language_and_look():
            message = rendering.build_digest_message(digest, Delivery(edition=self._edition, subscriber=subscriber))
            return without_dots(message.message().as_bytes(linesep="\r\n")), message.papers


def have_same_content(one: bytes, other: bytes) -> bool:
    """Return whether two emails have the same headers and parts for an email client."""
    return _content(one) == _content(other)


def _content(wire: bytes) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    message = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(wire)
    headers = [(name, str(value)) for name, value in message.items() if name.lower() not in IGNORED_HEADERS]
    return headers, [(part.get_content_type(), part.get_content()) for part in message.iter_parts()]


def _frame_key(digest: Digest, reader: Recipient) -> FrameKey:
    follows_nothing = bool(digest.for_you) and not digest.for_you[0].findings[0].interest
    return FrameKey(
        reader.frequency,
        follows_nothing,
        digest.is_grouped,
        len(digest.for_you),
        len(digest.trending),
        digest.more,
    )


def _kind(digest: Digest, reader: Recipient) -> tuple[object, ...]:
    """Return everything that templates may depend on. Numbers of papers count only as none, one or several."""
    frequency, follows_nothing, is_grouped, *numbers = _frame_key(digest, reader)
    return (frequency, follows_nothing, is_grouped, *(min(number, 2) for number in numbers))


@lru_cache(4)
def _date(second: int) -> bytes:
    return formatdate(second, localtime=settings.EMAIL_USE_LOCALTIME).encode()


def _encode_address(address: str) -> bytes:
    """Return the address as it is in the To header."""
    plain = address.isascii() and address.isprintable()
    return address.encode() if plain else header("To", builder.Message(to=[address]))
