"""The parts of an edition's emails: frames without papers and personal values, and papers without their reason.

They come from the ordinary templates, rendered for a placeholder reader with markers where a paper, a reason or a
personal value belongs, and split at the markers. Text that templates show to all readers alike needs no code here.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from functools import cached_property, lru_cache
from html import unescape
from typing import Any, NamedTuple, cast

from django.template.loader import render_to_string
from django.utils import timezone
from jinja2.environment import TemplateModule
from markupsafe import Markup

from digest import clock
from digest.email import bold_terms, reader_urls, rendering
from digest.email.batch.byte_template import ByteTemplate, encode_around, marker, split
from digest.email.quoted_printable import SOFT_BREAK, encode
from digest.email.rendering import RenderedEmail
from digest.matching import Finding, Match, PaperText, Reason
from digest.models import Delivery, Edition, Paper
from digest.personalization.digest_selection import Digest
from subscriptions.email import builder
from subscriptions.models import Subscriber
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose

SUBJECT, TEXT, HTML, PREHEADER, CONTENTS, SINCE, BORDER, BEGIN, END = (marker(number) for number in range(9))
FIRST_PAPER = 100  # the number of the first paper's marker
MAX_MARKED_PAPERS = 100  # in an email
REASON = marker(10)  # the line that says why a paper was chosen
HEADING = marker(11)  # above a paper
BECAUSE_OF_MARKER = Finding("", 0, (Reason("", "sentence", REASON, "", 0),))
UID = uuid.UUID(int=0)
ADDRESS = "placeholder@reader.invalid"


class SplitError(Exception):
    """A template does not follow the rules for digest templates, so the email cannot be split into parts."""


class FrameKey(NamedTuple):
    """The key of a frame among those of an edition, a language and a theme."""

    frequency: str
    follows_nothing: bool = False
    is_grouped: bool = False
    for_you: int = 0  # papers
    trending: int = 0  # papers
    more: int = 0  # matches beyond the reader's maximum


class PaperPlace(NamedTuple):
    """The place of a paper in a frame: the indexes of its pieces in the text and the HTML part, and how it looks."""

    text: int
    html: int
    is_lead: bool


class Frame(NamedTuple):
    """An email without papers and without personal values."""

    template: ByteTemplate
    papers: list[PaperPlace]
    html: slice  # the pieces of the HTML part
    lead: str  # the sentence above the papers


class PartKey(NamedTuple):
    """The key of a paper's part among those of an edition, a language and a theme."""

    paper: int  # its id
    has_reason: bool  # false if only its votes speak for it
    is_lead: bool = False


REASON_LINE, BOLD_TEXT = "reason line", "bold text"


class PaperPart(NamedTuple):
    """A paper in one part of an email, split where its reason and its text with bold words belong."""

    pieces: list[bytes]
    places: list[str]  # between the pieces: REASON_LINE or BOLD_TEXT
    bold_text: str  # the text at BOLD_TEXT, before words in it are put in bold


Part = tuple[PaperPart, PaperPart]  # in the text part and in the HTML part


class TemplateSplitter:
    """The maker of the parts of `edition`, which has `candidates` papers, in the active language and theme."""

    def __init__(self, edition: Edition, candidates: int) -> None:
        self._edition = edition
        self._candidates = candidates
        self._opinion_token = reader_urls.opinion_token(UID.bytes, edition.pk)
        self.opinion_line = self._opinion_token.encode() + SOFT_BREAK  # its line in an encoded piece

    def frame(self, key: FrameKey) -> Frame:
        """Render and split an email without papers. Raise SplitError if that is not possible."""
        digest = self._digest(key)
        context = self._context(digest, _placeholder_delivery(self._edition, key.frequency).subscriber)
        lead = str(context["say"].lead())
        context |= {"say": _SentencesWithMarkers(context["say"]), "subject": SUBJECT}
        numbers = {id(match): number for number, match in enumerate(digest.matches)}
        in_text, in_html = (_PaperMarkers(rendering.macros_of(f"_papers.{kind}"), numbers) for kind in ("txt", "html"))
        text = builder.render_text("digest", context | {"papers": in_text})
        html = builder.render_html("digest", context | {"papers": in_html})
        template, html_pieces = self._byte_template(key.frequency, text, html)
        papers = [
            PaperPlace(template.places[f"text {n}"][0], template.places[f"html {n}"][0], n in in_html.leads)
            for n in range(len(numbers))
        ]
        return Frame(template, papers, html_pieces, lead)

    def parts(self, papers: Mapping[PartKey, Paper]) -> dict[PartKey, Part]:
        """Render and split each of `papers`. Raise SplitError if that is not possible."""
        texts, htmls = (self._render_papers(kind, papers) for kind in ("txt", "html"))
        # Styles are inlined inside a whole email, because they depend on the elements around a paper. Each paper has
        # one before and one after it: if the theme styles the first or last paper differently, the comparison with the
        # plain path fails (see `digest.email.batch.assembler`).
        placed = BORDER.join(["", htmls[0], *htmls, htmls[0], ""])
        inlined = builder.inline(self._html_around_a_paper.replace(marker(FIRST_PAPER), placed)).split(BORDER)[2:-2]
        return {
            key: (self._split_paper(key, text), self._split_paper(key, html))
            for key, text, html in zip(papers, texts, inlined, strict=True)
        }

    def headings(self, paper: Paper) -> tuple[list[str], list[str]]:
        """Return what comes before `paper` if it has a heading, in text and in HTML, split where the heading belongs.

        Raise SplitError if the heading changes anything else, or is not shown once.
        """
        pairs = []
        for kind in ("txt", "html"):
            macros: Any = rendering.macros_of(f"_papers.{kind}")
            match, url = Match(paper, 0, ()), self._urls["opinion_url"]
            alone, below = str(macros.paper(match, url)), str(macros.paper(match, url, heading=HEADING))
            if kind == "html":
                placed = BORDER.join(["", alone, below, ""])
                whole = builder.inline(self._html_around_a_paper.replace(marker(FIRST_PAPER), placed))
                alone, below = whole.split(BORDER)[1:3]
            before = below.removesuffix(alone).split(HEADING)
            if not below.endswith(alone) or len(before) != 2:
                raise SplitError("A heading must be shown once, before its paper, and change nothing else.")
            pairs.append(before)
        return pairs[0], pairs[1]

    def subject(self, first: PaperText | None, papers: int) -> str:
        """Return the subject of an email with `papers` papers that begins with `first`."""
        digest = self._digest(FrameKey("", for_you=papers), first)
        return builder.render_subject("digest", self._context(digest, self._placeholder.subscriber))

    def why_this_mail(self, frequency: str, confirmed: dt.date) -> str:
        """Return the sentence that says why readers who confirmed on that day get this email."""
        reader, sentences = self._sentences(frequency)
        reader.confirmed_at = clock.midnight(confirmed)
        return str(sentences.why_this_mail())

    @lru_cache(4)  # noqa: B019  # more than there are frequencies
    def _sentences(self, frequency: str) -> tuple[Subscriber, Any]:
        """Return a placeholder reader, and the sentences. They read the reader's fields when they are called."""
        reader = _placeholder_delivery(self._edition, frequency).subscriber
        return reader, self._context(self._digest(FrameKey(frequency)), reader)["say"]

    def _context(self, digest: Digest, reader: Subscriber) -> dict[str, Any]:
        return rendering.make_context(digest, self._edition, subscriber=reader, **self._urls)

    @cached_property
    def _placeholder(self) -> Delivery:
        return _placeholder_delivery(self._edition)

    @cached_property
    def _urls(self) -> dict[str, str]:
        return rendering.urls_of(self._placeholder)

    def _digest(self, key: FrameKey, first: PaperText | None = None) -> Digest:
        """Return a digest of matches without papers, except the `first`."""
        findings = (Finding("" if key.follows_nothing else "-", 0, ()),)
        numbers = range(key.for_you + key.trending)
        matches = [Match(cast(PaperText, first if number == 0 else None), 0, findings) for number in numbers]
        for_you, trending = matches[: key.for_you], matches[key.for_you :]
        return Digest(
            self._edition.day,
            tuple(for_you),
            tuple(trending),
            key.more,
            self._candidates,
            is_grouped=key.is_grouped,
        )

    @cached_property
    def _html_around_a_paper(self) -> str:
        """The HTML of an email with a marker for its one paper, before styles are inlined."""
        digest = self._digest(FrameKey("", for_you=1))
        papers = _PaperMarkers(rendering.macros_of("_papers.html"), {id(digest.for_you[0]): 0})
        context = self._context(digest, self._placeholder.subscriber) | {"papers": papers, "subject": SUBJECT}
        context["say"] = _SentencesWithMarkers(context["say"])
        return render_to_string("email/digest.html", context)

    def _render_papers(self, kind: str, papers: Mapping[PartKey, Paper]) -> list[str]:
        """Render each paper with the macro for papers. The reason and the ends of bold text are markers."""
        macros: Any = rendering.macros_of(f"_papers.{kind}")
        matches = {key: Match(paper, 0, (BECAUSE_OF_MARKER,) * key.has_reason) for key, paper in papers.items()}
        with bold_terms.marked_instead_of_bold(BEGIN, END):
            url = self._urls["opinion_url"]
            return [
                str(macros.paper(match, url, is_lead=True) if key.is_lead else macros.paper(match, url))
                for key, match in matches.items()
            ]

    def _split_paper(self, key: PartKey, paper: str) -> PaperPart:
        parts, bold_text = split(paper, {REASON: REASON_LINE, BEGIN: BOLD_TEXT, END: BOLD_TEXT}), ""
        if BOLD_TEXT in parts[1::2]:
            begin = parts.index(BOLD_TEXT, 1) + 1
            bold_text = unescape(parts[begin])
            del parts[begin : begin + 2]  # up to the END
        places = parts[1::2]
        if places.count(REASON_LINE) != key.has_reason:
            raise SplitError(f"A paper must show its reason once if it has one, but shows {places}.")
        if places.count(BOLD_TEXT) > 1:
            raise SplitError("More than one text of a paper has words in bold: use the filter `emphasized` once.")
        return PaperPart([encode_around(part, self._opinion_token) for part in parts[::2]], places, bold_text)

    def _byte_template(self, frequency: str, text: str, html: str) -> tuple[ByteTemplate, slice]:
        """Return the whole email as a byte template, and the slice of its pieces that is the HTML part."""
        template, bodies, html_pieces = ByteTemplate(), {"text": text, "html": html}, slice(0)
        for number, part in enumerate(self._split_message(frequency)):
            if number % 2 and part in bodies:
                begin = len(template.pieces)
                template.add(split(bodies[part], self._names_in_body(part)), encode)
                html_pieces = slice(begin, len(template.pieces))  # the HTML part is the last
            else:
                template.add(["", part] if number % 2 else [part], str.encode)
        return template, html_pieces

    @lru_cache(4)  # noqa: B019
    def _split_message(self, frequency: str) -> list[str]:
        """Return the message on the wire, split at its text, its HTML and the personal values of its headers."""
        delivery = _placeholder_delivery(self._edition, frequency)
        message = rendering.build_message(RenderedEmail(SUBJECT, TEXT, HTML), delivery).message()
        names = {
            ADDRESS: "address",
            delivery.message_id: "message id",
            message["Date"]: "date",
            SUBJECT: "subject header",
            link_tokens.make_token(Purpose.UNSUBSCRIBE, delivery.subscriber): "unsubscribe header",
            TEXT: "text",
            HTML: "html",
        }
        return split(message.as_bytes(linesep="\r\n").decode("ascii"), names)

    def _names_in_body(self, part: str) -> dict[str, str]:
        """Return the markers and placeholder tokens in the text or the HTML part, with the names of their places."""
        reader = self._placeholder.subscriber
        tokens = {
            link_tokens.make_token(purpose, reader): str(purpose)
            for purpose in (Purpose.UNSUBSCRIBE, Purpose.PREFERENCES)
        }
        papers = {marker(FIRST_PAPER + number): f"{part} {number}" for number in range(MAX_MARKED_PAPERS)}
        digest = {reader_urls.digest_token(UID.bytes, self._edition.pk): "digest", self._opinion_token: "opinion"}
        sentences = {SUBJECT: "subject", PREHEADER: "preheader"}
        sentences |= {CONTENTS: f"{part} contents", SINCE: f"{part} since"}
        return tokens | papers | digest | sentences


class _SentencesWithMarkers:
    """The sentences of a digest, with markers for those that differ from reader to reader."""

    def __init__(self, sentences: Any) -> None:
        self._sentences = sentences

    def preheader(self) -> str:
        return PREHEADER

    def contents(self) -> str:
        return CONTENTS

    def why_this_mail(self) -> str:
        return SINCE

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sentences, name)


class _PaperMarkers:
    """The macros for papers. Each paper becomes a marker. `leads` has the numbers of those shown as the lead."""

    def __init__(self, macros: TemplateModule, numbers: Mapping[int, int]) -> None:
        self.leads = set[int]()
        self._macros = macros
        self._numbers = numbers

    def paper(self, match: Match, opinion_url: str, heading: str = "", under: str = "", is_lead: bool = False) -> str:
        number = self._numbers[id(match)]
        if is_lead:
            self.leads.add(number)
        return Markup(marker(FIRST_PAPER + number))  # noqa: S704  # digits

    def __getattr__(self, name: str) -> Any:
        return getattr(self._macros, name)


def _placeholder_delivery(edition: Edition, frequency: str = "") -> Delivery:
    """Return an unsaved delivery to a placeholder reader."""
    reader = Subscriber(uid=UID, email=ADDRESS, frequency=frequency, confirmed_at=timezone.now())
    return Delivery(edition=edition, subscriber=reader)
