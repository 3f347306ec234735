"""The parts of an edition's emails in one language and theme, made when first needed and then kept."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from itertools import chain
from typing import NamedTuple, TypeVar, cast

from django.utils import translation

from digest.email import bold_terms, contents, formatting, reason_line
from digest.email.batch.template_parts import (
    BOLD_TEXT,
    REASON_LINE,
    Frame,
    FrameKey,
    PaperPart,
    Part,
    PartKey,
    TemplateSplitter,
)
from digest.email.quoted_printable import encode, escape
from digest.matching import OWN_WORDS, Finding, Match, Reason
from digest.models import Edition, Paper
from digest.personalization import snapshot
from digest.personalization.digest_selection import Digest
from subscriptions import brand
from subscriptions.brand import Look
from subscriptions.email import builder

# The sizes of the caches: some 30 MB at most.
MAX_CACHED_FRAMES, MAX_CACHED_PARTS, MAX_CACHED_PAPERS, MAX_CACHED_REASONS, MAX_CACHED_SENTENCES, MAX_CACHED_BOLD = (
    200,
    4000,
    2500,
    10_000,
    10_000,
    5_000,
)
MAX_UNFOLDED = 70  # characters of a subject that fits in a line of 76 with “Subject:”, so it is not folded
BATCH = 50  # papers that are rendered together: one alone takes half as long

K = TypeVar("K")
V = TypeVar("V")


class RenderedPaper(NamedTuple):
    """A paper in both parts of an email, split where the feedback token belongs, and its record."""

    text: list[bytes]
    html: list[bytes]
    record: list[object]  # see `digest.personalization.snapshot`


class ReasonLine(NamedTuple):
    """The line that says why a paper was chosen, in both parts of an email, and the record of its findings."""

    text: bytes
    html: bytes
    record: list[list[str]]


class PartCache:
    """All parts that readers share. `papers` are those that digests are chosen from."""

    def __init__(self, edition: Edition, papers: Sequence[Paper], language: str, look: Look) -> None:
        self._language, self._look = language, look
        self.splitter = TemplateSplitter(edition, len(papers))
        self._papers = papers
        self._numbers = {paper.pk: number for number, paper in enumerate(papers)}
        self._frames: dict[FrameKey, Frame] = {}
        self._parts: dict[PartKey, Part] = {}
        self._papers_rendered: dict[tuple[tuple[Finding, ...], str, bool], RenderedPaper] = {}
        self._headings: dict[str, tuple[bytes, bytes]] = {}
        self._words: dict[int, int] = {}
        self._reasons: dict[tuple[object, ...], ReasonLine] = {}
        self._bold: dict[tuple[str, frozenset[tuple[str, str]]], bytes] = {}
        self._subjects: dict[tuple[int, int], tuple[bytes, bytes]] = {}
        self._contents: dict[tuple[object, ...], tuple[bytes, bytes]] = {}
        self._preheaders: dict[tuple[str, ...], bytes] = {}
        self._why_this_mail: dict[tuple[str, dt.date], tuple[bytes, bytes]] = {}

    @contextmanager
    def in_language_and_look(self) -> Iterator[None]:
        """Activate the language and the theme."""
        with translation.override(self._language), brand.trying(self._look):
            yield

    def _in_language(self) -> AbstractContextManager[None]:
        """Activate the language. If it is active already, as usual, this takes a tenth of the time."""
        is_active = translation.get_language() == self._language
        return nullcontext() if is_active else translation.override(self._language)

    def frame(self, key: FrameKey) -> Frame:
        frame = self._frames.get(key)
        if frame is None:
            with self.in_language_and_look():
                frame = _keep(self._frames, key, self.splitter.frame(key), MAX_CACHED_FRAMES)
        return frame

    def render_paper(self, match: Match, under: str, is_lead: bool) -> RenderedPaper:
        """Return the paper with its reason, below the heading `under`. Its findings identify it."""
        key = match.findings, under, is_lead
        rendered = self._papers_rendered.get(key)
        if rendered is None:
            rendered = _keep(self._papers_rendered, key, self._render_paper(match, under, is_lead), MAX_CACHED_PAPERS)
        return rendered

    def sections(self, digest: Digest) -> list[tuple[str, int]]:
        """Return the headings of `digest` with the number of papers below each."""
        if not digest.is_grouped:
            return []
        with self._in_language():
            return contents.sections_of(digest)

    def heading(self, name: str) -> tuple[bytes, bytes]:
        """Return the heading above a group of papers, in the text and in the HTML part."""
        pair = self._headings.get(name)
        if pair is None:
            in_text, in_html = self._around_a_heading
            pair = encode(name.join(in_text)), encode(escape(name).join(in_html))
            _keep(self._headings, name, pair, MAX_CACHED_SENTENCES)
        return pair

    @cached_property
    def _around_a_heading(self) -> tuple[list[str], list[str]]:
        """The text before and after any heading. Readers' own words are headings, so there are many."""
        with self.in_language_and_look():
            return self.splitter.headings(self._papers[0])

    def subject(self, matches: Sequence[Match]) -> tuple[bytes, bytes]:
        """Return the subject of an email with `matches`: as it is in the HTML part, and in the header."""
        first = matches[0].paper if matches else None
        key = (cast(Paper, first).pk if first else 0, len(matches))
        pair = self._subjects.get(key)
        if pair is None:
            with self.in_language_and_look():
                subject = self.splitter.subject(first, len(matches))
            pair = encode(escape(subject)), subject_header(subject)
            _keep(self._subjects, key, pair, MAX_CACHED_SENTENCES)
        return pair

    def preheader(self, matches: Sequence[Match], lead: str) -> bytes:
        titles = formatting.in_preheader(match.paper.title for match in matches[1:4])
        lead = "" if sum(map(len, titles)) >= formatting.MIN_PREHEADER else lead  # it would not be shown
        key = (lead, *titles)
        piece = self._preheaders.get(key)
        if piece is None:
            with self._in_language():
                piece = encode(escape(formatting.preheader(titles, lead)))
            _keep(self._preheaders, key, piece, MAX_CACHED_SENTENCES)
        return piece

    def contents(self, digest: Digest, sections: Sequence[tuple[str, int]]) -> tuple[bytes, bytes]:
        """Return the line that says what is in `digest`: in the text and in the HTML part."""
        minutes = contents.minutes_of(digest, self._count_words)
        key = (minutes, len(digest.trending), *sections)
        pair = self._contents.get(key)
        if pair is None:
            with self._in_language():
                line = contents.line(sections, len(digest.trending), minutes)
            pair = encode(formatting.wrapped(line)), encode(escape(line))
            _keep(self._contents, key, pair, MAX_CACHED_SENTENCES)
        return pair

    def _count_words(self, match: Match) -> int:
        pk = cast(Paper, match.paper).pk
        words = self._words.get(pk)
        if words is None:
            words = self._words[pk] = contents.words_of(match)
        return words

    def why_this_mail(self, frequency: str, confirmed: dt.date) -> tuple[bytes, bytes]:
        """Return the sentence that says why the reader gets this email: in the text and in the HTML part."""
        pair = self._why_this_mail.get((frequency, confirmed))
        if pair is None:
            with self.in_language_and_look():
                sentence = self.splitter.why_this_mail(frequency, confirmed)
            pair = encode(formatting.wrapped(sentence)), encode(escape(sentence))
            _keep(self._why_this_mail, (frequency, confirmed), pair, MAX_CACHED_SENTENCES)
        return pair

    def _render_paper(self, match: Match, under: str, is_lead: bool) -> RenderedPaper:
        line = self._reason_line(snapshot.shown(match.findings), under)
        text, html = self._part(PartKey(cast(Paper, match.paper).pk, bool(line.text), is_lead))
        in_text, in_html = {REASON_LINE: line.text}, {REASON_LINE: line.html}
        if BOLD_TEXT in html.places:
            in_html[BOLD_TEXT] = self._in_bold(html.bold_text, bold_terms.bold_reasons(match.findings))
        return RenderedPaper(
            self._split(_fill(text, in_text)),
            self._split(_fill(html, in_html)),
            [*snapshot.record_paper(match), *line.record],
        )

    def _split(self, piece: bytes) -> list[bytes]:
        return piece.split(self.splitter.opinion_line)

    def _reason_line(self, findings: Sequence[Finding], under: str) -> ReasonLine:
        """Return the line for `findings`, cached by what they found and by the reader's words that found it.

        Many readers' own words find the same.
        """
        record = [snapshot.record_finding(finding) for finding in findings]
        asked = (reason.asked for finding in findings if finding.interest == OWN_WORDS for reason in finding.reasons)
        key = (under, *chain(*record, asked))
        line = self._reasons.get(key)
        if line is None:
            with self._in_language():
                text, html = reason_line.reason_line_in_text(findings, under), reason_line.html(findings, under)
            line = _keep(self._reasons, key, ReasonLine(encode(text), encode(html), record), MAX_CACHED_REASONS)
        return line

    def _in_bold(self, text: str, reasons: Sequence[Reason]) -> bytes:
        """Return `text` with bold words. The key is what was found, because most readers of a paper share that."""
        key = (text, frozenset((reason.kind, reason.found) for reason in reasons))
        piece = self._bold.get(key)
        if piece is None:
            piece = _keep(self._bold, key, encode(bold_terms.bold_html(text, reasons)), MAX_CACHED_BOLD)
        return piece

    def _part(self, key: PartKey) -> Part:
        if key not in self._parts:
            begin = self._numbers[key.paper] // BATCH * BATCH
            batch = {key._replace(paper=paper.pk): paper for paper in self._papers[begin : begin + BATCH]}
            if len(self._parts) > MAX_CACHED_PARTS:
                self._parts.clear()
            with self.in_language_and_look():
                self._parts |= self.splitter.parts(batch)
        return self._parts[key]


def subject_header(subject: str) -> bytes:
    is_plain = subject.isascii() and subject.isprintable() and len(subject) <= MAX_UNFOLDED
    return subject.encode() if is_plain else header("Subject", builder.Message(subject))


def header(name: str, message: builder.Message) -> bytes:
    """Return the value of a header of `message` as it is on the wire."""
    return str(message.message()[name]).replace("\n", "\r\n").encode("ascii")


def _fill(piece: PaperPart, values: Mapping[str, bytes]) -> bytes:
    """Return the piece of a paper with `values` at its places."""
    between = (values[place] for place in piece.places)
    return piece.pieces[0] + b"".join(chain.from_iterable(zip(between, piece.pieces[1:], strict=True)))


def _keep(cache: dict[K, V], key: K, value: V, most: int) -> V:
    """Keep `value`. A full cache is emptied: `BoundedCache` would hash keys again, and findings are slow to hash."""
    if len(cache) >= most:
        cache.clear()
    cache[key] = value
    return value
