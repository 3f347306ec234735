"""The parts of an edition's mails in one language and look, made when first needed and kept (see `template_parts`)."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain
from typing import NamedTuple, TypeVar, cast

from django.utils import translation

from digest.email import bold_terms, formatting, reasons
from digest.email.batch.template_parts import WORDS, Frame, FrameKey, PaperPart, Part, PartKey, TemplateSplitter
from digest.email.quoted_printable import encode, escape
from digest.matching import Finding, Match, Reason
from digest.models import Edition, Paper
from digest.personalization import snapshot
from subscriptions import brand
from subscriptions.brand import Look
from subscriptions.email import builder

# How many are kept: some 30 megabytes at the worst.
MOST_FRAMES, MOST_PARTS, MOST_TOLD, MOST_LINES, MOST_SENTENCES, MOST_BOLD = 200, 4000, 2500, 10_000, 10_000, 5_000
SHORT = 70  # characters of a subject that stands as it is: in lines of 76, with its name before it in the first
BATCH = 50  # papers whose parts are made at a time: for one alone it takes half as long

K = TypeVar("K")
V = TypeVar("V")


class RenderedPaper(NamedTuple):
    """A paper as it stands in a mail: in both parts, cut where the token for opinions stands, and as it is recorded."""

    text: list[bytes]
    html: list[bytes]
    record: list[object]


class ReasonLine(NamedTuple):
    """What one interest found in a paper: as each part of the mail tells it, and as it is recorded."""

    text: bytes
    html: bytes
    record: list[str]


class PartCache:
    """All parts, but for what is a single reader's own. `papers` are those that digests are chosen from."""

    def __init__(self, edition: Edition, papers: Sequence[Paper], language: str, look: Look) -> None:
        self._language, self._look = language, look
        self.maker = TemplateSplitter(edition, len(papers))
        self._papers = papers
        self._numbers = {paper.pk: number for number, paper in enumerate(papers)}
        self._frames: dict[FrameKey, Frame] = {}
        self._parts: dict[PartKey, Part] = {}
        self._papers_rendered: dict[tuple[Finding, ...], RenderedPaper] = {}
        self._papers_in_brief: dict[int, RenderedPaper] = {}
        self._lines: dict[tuple[object, ...], ReasonLine] = {}
        self._bold: dict[tuple[str, frozenset[tuple[str, str]]], bytes] = {}
        self._subjects: dict[tuple[int, int], tuple[bytes, bytes]] = {}
        self._preheaders: dict[tuple[str, ...], bytes] = {}
        self._since: dict[tuple[str, dt.date], tuple[bytes, bytes]] = {}

    @contextmanager
    def in_language_and_look(self) -> Iterator[None]:
        """In its language and look, whichever are active around."""
        with translation.override(self._language), brand.trying(self._look):
            yield

    def _in_language(self) -> AbstractContextManager[None]:
        """In its language, where the look does not matter: which takes a tenth of the time if it is active anyway."""
        spoken = translation.get_language() == self._language
        return nullcontext() if spoken else translation.override(self._language)

    def frame(self, situation: FrameKey) -> Frame:
        found = self._frames.get(situation)
        if found is None:
            with self.in_language_and_look():
                found = _cache(self._frames, situation, self.maker.frame(situation), MOST_FRAMES)
        return found

    def render_paper(self, match: Match) -> RenderedPaper:
        """The paper with its reasons. What is found in a paper is found in no other: by that it is known."""
        found = self._papers_rendered.get(match.findings)
        if found is None:
            found = _cache(self._papers_rendered, match.findings, self._render_paper(match), MOST_TOLD)
        return found

    def render_paper_briefly(self, match: Match) -> RenderedPaper:
        paper = cast(Paper, match.paper)
        found = self._papers_in_brief.get(paper.pk)
        if found is None:
            text, html = self._part(PartKey(paper.pk, True, 0))
            told = RenderedPaper(self._cut(_filled(text, {})), self._cut(_filled(html, {})), snapshot.paper(match))
            found = _cache(self._papers_in_brief, paper.pk, told, MOST_TOLD)
        return found

    def subject(self, matches: Sequence[Match]) -> tuple[bytes, bytes]:
        """The subject of a mail with these: in the HTML's head, and in the mail's."""
        first = matches[0].paper if matches else None
        key = (cast(Paper, first).pk if first else 0, len(matches))
        found = self._subjects.get(key)
        if found is None:
            with self.in_language_and_look():
                subject = self.maker.subject(first, len(matches))
            pair = encode(escape(subject)), subject_header(subject)
            found = _cache(self._subjects, key, pair, MOST_SENTENCES)
        return found

    def preheader(self, matches: Sequence[Match], lead: str) -> bytes:
        titles = formatting.in_preheader(match.paper.title for match in matches[1:4])
        lead = "" if sum(map(len, titles)) >= formatting.ENOUGH else lead  # nobody would see it
        key = (lead, *titles)
        found = self._preheaders.get(key)
        if found is None:
            with self._in_language():
                piece = encode(escape(formatting.preheader(titles, lead)))
            found = _cache(self._preheaders, key, piece, MOST_SENTENCES)
        return found

    def why_this_mail(self, frequency: str, confirmed: dt.date) -> tuple[bytes, bytes]:
        """The sentence that says so: in the text and in the HTML part."""
        found = self._since.get((frequency, confirmed))
        if found is None:
            with self.in_language_and_look():
                sentence = self.maker.why_this_mail(frequency, confirmed)
            pair = encode(formatting.wrapped(sentence)), encode(escape(sentence))
            found = _cache(self._since, (frequency, confirmed), pair, MOST_SENTENCES)
        return found

    def _render_paper(self, match: Match) -> RenderedPaper:
        told = [line for line in map(self._line, snapshot.shown(match.findings)) if line.text]
        text, html = self._part(PartKey(cast(Paper, match.paper).pk, False, len(told)))
        in_text = {str(number): line.text for number, line in enumerate(told)}
        in_html = {str(number): line.html for number, line in enumerate(told)}
        if WORDS in html.places:
            in_html[WORDS] = self._in_bold(html.words, bold_terms.shown_reasons(match.findings))
        return RenderedPaper(
            self._cut(_filled(text, in_text)),
            self._cut(_filled(html, in_html)),
            [*snapshot.paper(match), *(self._line(found).record for found in snapshot.shown(match.findings))],
        )

    def _cut(self, piece: bytes) -> list[bytes]:
        return piece.split(self.maker.opinion_line)

    def _line(self, finding: Finding) -> ReasonLine:
        """By what is said, not by who is told: readers' own words find the same in a paper."""
        key = (finding.interest, *((reason.kind, reason.found, reason.where) for reason in finding.reasons))
        line = self._lines.get(key)
        if line is None:
            with self._in_language():
                said = reasons.why(finding)
                text, html = encode(reasons.in_text(said)), encode(escape(said))
            line = _cache(self._lines, key, ReasonLine(text, html, snapshot.finding(finding)), MOST_LINES)
        return line

    def _in_bold(self, words: str, reasons: Sequence[Reason]) -> bytes:
        """By what was found, whoever asked for it: most readers of a paper share that."""
        key = (words, frozenset((reason.kind, reason.found) for reason in reasons))
        found = self._bold.get(key)
        if found is None:
            found = _cache(self._bold, key, encode(bold_terms.bold_html(words, reasons)), MOST_BOLD)
        return found

    def _part(self, key: PartKey) -> Part:
        if key not in self._parts:
            begin = self._numbers[key.paper] // BATCH * BATCH
            some = {key._replace(paper=paper.pk): paper for paper in self._papers[begin : begin + BATCH]}
            if len(self._parts) > MOST_PARTS:
                self._parts.clear()
            with self.in_language_and_look():
                self._parts |= self.maker.parts(some)
        return self._parts[key]


def subject_header(subject: str) -> bytes:
    is_plain = subject.isascii() and subject.isprintable() and len(subject) <= SHORT
    return subject.encode() if is_plain else header("Subject", builder.Message(subject))


def header(name: str, message: builder.Message) -> bytes:
    """The header of `message` as it is written, without its name."""
    return str(message.message()[name]).replace("\n", "\r\n").encode("ascii")


def _filled(piece: PaperPart, values: Mapping[str, bytes]) -> bytes:
    """The piece of a paper with `values` in its places."""
    between = (values[place] for place in piece.places)
    return piece.pieces[0] + b"".join(chain.from_iterable(zip(between, piece.pieces[1:], strict=True)))


def _cache(kept: dict[K, V], key: K, value: V, most: int) -> V:
    if len(kept) >= most:
        kept.clear()
    kept[key] = value
    return value
