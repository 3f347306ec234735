"""Mails of one edition in one language, put together from parts that were made once (see `digest.frames`)."""

import datetime as dt
import logging
import time
from collections.abc import Sequence
from email.utils import formatdate
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple, TypeVar, cast

from django.conf import settings
from jinja2 import TemplateError

from digest import addresses, mailed, proving, rendering, wording
from digest.composing import Digest
from digest.encoding import SOFT_BREAK, decode, encode, escape, without_dots
from digest.frames import CutError, Frame, Maker, Part, PartKey, Situation
from digest.matching import Finding, Match
from digest.models import Edition, Paper
from digest.models.deliveries import message_id
from digest.readers import Reader
from subscriptions import links, mail
from subscriptions.links import Purpose

logger = logging.getLogger(__name__)

# How much a kit keeps: some 40 megabytes at the worst.
MOST_FRAMES, MOST_PARTS, MOST_LINES, MOST_DAYS = 300, 4000, 20_000, 2000
SLOW = (
    "The templates of the digest were overridden in a way that keeps them from being taken apart. Its mails are right, "
    "and made one by one, which is slow: see docs/design.md for what templates have to keep to."
)

Written = tuple[bytes, mailed.Record]
K = TypeVar("K")
V = TypeVar("V")


class Line(NamedTuple):
    """What one interest found in one paper: as each part of the mail tells it, and as it is recorded."""

    text: bytes
    html: bytes
    record: list[str]


class Kit:
    """Puts mails together in the language and the look that are active: they must be the same at each call."""

    def __init__(self, edition: Edition, of_how_many: int) -> None:
        self._edition = edition
        self._proven: set[tuple[object, ...]] = set()  # kinds of mails
        self._is_odd = False
        self._maker = Maker(edition, of_how_many)
        self._token = self._maker.digest_token.encode()
        self._frames: dict[Situation, Frame] = {}
        self._parts: dict[PartKey, Part] = {}
        self._lines: dict[Finding, Line] = {}
        self._subjects: dict[tuple[int, int], tuple[bytes, bytes]] = {}
        self._since: dict[tuple[str, dt.date], tuple[bytes, bytes]] = {}

    def write(self, digest: Digest, reader: Reader) -> Written:
        """The mail, and what it holds; the last papers are left out where it would get too long."""
        if self._is_odd:
            return _plain(digest, self._edition, reader)
        kind = _kind(_situation(digest, reader))
        if kind in self._proven:
            return self._put_together(digest, reader)
        # Templates can be overridden, and nobody has tested that those can be taken apart.
        plain = _plain(digest, self._edition, reader)
        try:
            made = self._put_together(digest, reader)
            self._is_odd = not proving.alike(made[0], plain[0])
        except (CutError, TemplateError) as error:
            self._is_odd = True
            logger.warning("The digest's templates can't be taken apart: %s", error)
        if self._is_odd:
            logger.error(SLOW)
            return plain
        self._proven.add(kind)
        return made

    def _put_together(self, digest: Digest, reader: Reader) -> Written:
        while True:
            frame, pieces, record = self._fill(digest, reader)
            wire = b"".join(pieces)
            fits = len(wire) <= rendering.MOST_HTML or rendering.fits(decode(b"".join(pieces[frame.html])))
            if fits or not digest.can_be_shorter:
                token = addresses.digest_token(reader.uid, self._edition.pk).encode()
                return wire.replace(self._token, token), record
            digest = digest.shorter()

    def _fill(self, digest: Digest, reader: Reader) -> tuple[Frame, list[bytes], mailed.Record]:
        frame = self._frame(_situation(digest, reader))
        matches = digest.matches
        told = [[] if minor else self._told(match) for match, minor in zip(matches, frame.minor, strict=True)]
        parts = self._parts_of(matches, frame.minor, told)
        pieces = frame.form.fill(self._own(digest, reader, frame.lead))
        for (in_text, in_html), (text, html), lines in zip(frame.papers, parts, told, strict=True):
            pieces[in_text] = _around(text, [line.text for line in lines])
            pieces[in_html] = _around(html, [line.html for line in lines])
        return (
            frame,
            pieces,
            mailed.record(digest, reader.frequency, reader.language, lambda found: self._line(found).record),
        )

    def _frame(self, situation: Situation) -> Frame:
        found = self._frames.get(situation)
        return found or _keep(self._frames, situation, self._maker.frame(situation), MOST_FRAMES)

    def _told(self, match: Match) -> list[Line]:
        lines = map(self._line, match.findings)
        return list(islice((line for line in lines if line.text), mailed.TOLD))

    def _line(self, finding: Finding) -> Line:
        line = self._lines.get(finding)
        if line is None:
            said = wording.why(finding)
            text = encode(wording.why_in_text(finding))
            line = Line(text, encode(escape(said)), mailed.finding(finding))
            _keep(self._lines, finding, line, MOST_LINES)
        return line

    def _parts_of(self, matches: Sequence[Match], minor: Sequence[bool], told: Sequence[list[Line]]) -> list[Part]:
        papers = [cast(Paper, match.paper) for match in matches]
        keys = [PartKey(p.pk, m, len(lines)) for p, m, lines in zip(papers, minor, told, strict=True)]
        missing = {key: paper for key, paper in zip(keys, papers, strict=True) if key not in self._parts}
        if missing:
            if len(self._parts) > MOST_PARTS:
                self._parts.clear()
                missing = dict(zip(keys, papers, strict=True))
            self._parts |= self._maker.parts(missing)
        return [self._parts[key] for key in keys]

    def _own(self, digest: Digest, reader: Reader, lead: str) -> dict[str, bytes]:
        """What is the reader's own in the mail."""
        unsubscribe = links.sign(Purpose.UNSUBSCRIBE, reader.uid).encode()
        subject, subject_header = self._subject(digest)
        in_text, in_html = self._why_this_mail(reader.frequency, reader.confirmed)
        titles = [match.paper.title for match in digest.matches[1:4]]
        return {
            "address": _address(reader.address),
            "date": _date(int(time.time())),
            "message id": message_id(reader.uid, self._edition.day).encode(),
            "unsubscribe": unsubscribe + SOFT_BREAK,
            "unsubscribe header": unsubscribe,
            "preferences": links.sign(Purpose.PREFERENCES, reader.uid).encode() + SOFT_BREAK,
            "subject": subject,
            "subject header": subject_header,
            "preheader": encode(escape(wording.preheader(titles, lead))),
            "text since": in_text,
            "html since": in_html,
        }

    def _subject(self, digest: Digest) -> tuple[bytes, bytes]:
        """The subject: in the HTML's head, and in the mail's."""
        first = digest.matches[0].paper if digest.matches else None
        key = (cast(Paper, first).pk if first else 0, len(digest.matches))
        found = self._subjects.get(key)
        if found is None:
            subject = self._maker.subject(first, len(digest.matches))
            found = encode(escape(subject)), _header("Subject", mail.Message(subject))
            _keep(self._subjects, key, found, MOST_LINES)
        return found

    def _why_this_mail(self, frequency: str, confirmed: dt.date) -> tuple[bytes, bytes]:
        found = self._since.get((frequency, confirmed))
        if found is None:
            sentence = self._maker.since(frequency, confirmed)
            found = encode(wording.wrapped(sentence)), encode(escape(sentence))
            _keep(self._since, (frequency, confirmed), found, MOST_DAYS)
        return found


def _plain(digest: Digest, edition: Edition, reader: Reader) -> Written:
    """The mail as it is made for one reader alone."""
    message = proving.plain(digest, edition, reader)
    return without_dots(message.message().as_bytes(linesep="\r\n")), message.papers


def _situation(digest: Digest, reader: Reader) -> Situation:
    follows_nothing = bool(digest.for_you) and not digest.for_you[0].findings[0].interest
    return Situation(reader.frequency, follows_nothing, len(digest.for_you), len(digest.trending), digest.more)


def _kind(situation: Situation) -> tuple[object, ...]:
    """What templates look at: whether there are any, or several, not how many."""
    return (*situation[:2], *(min(number, 2) for number in situation[2:]))


def _around(part: Sequence[bytes], lines: Sequence[bytes]) -> bytes:
    """The piece of a paper with its reasons."""
    if not lines:
        return part[0]
    return part[0] + b"".join(chain.from_iterable(zip(lines, part[1:], strict=True)))


def _keep(kept: dict[K, V], key: K, value: V, most: int) -> V:
    if len(kept) >= most:
        kept.clear()
    kept[key] = value
    return value


@lru_cache(4)
def _date(second: int) -> bytes:
    return formatdate(second, localtime=settings.EMAIL_USE_LOCALTIME).encode()


def _address(address: str) -> bytes:
    """As it stands in To."""
    plain = address.isascii() and address.isprintable()
    return address.encode() if plain else _header("To", mail.Message(to=[address]))


def _header(name: str, message: mail.Message) -> bytes:
    return str(message.message()[name]).replace("\n", "\r\n").encode("ascii")
