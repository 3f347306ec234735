"""The parts of an edition's mails: frames, which hold no paper and no reader, and papers, which hold no reasons.

The templates that make any mail make them, for a reader who stands in for all, and with marks where something else
will stand; there they are cut. Whatever the templates say alike to all readers needs no word here.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from html import unescape
from typing import Any, NamedTuple, cast

from django.template.loader import render_to_string
from django.utils import timezone
from jinja2.environment import TemplateModule
from markupsafe import Markup

from digest import clock
from digest.email import bold_terms, reader_urls, reasons, rendering
from digest.email.batch.byte_template import ByteTemplate, cut, encode_around, mark
from digest.email.quoted_printable import SOFT_BREAK, encode
from digest.email.rendering import RenderedEmail
from digest.matching import Finding, Match, PaperText, Reason
from digest.models import Delivery, Edition, Paper
from digest.personalization import snapshot
from digest.personalization.digest_selection import Digest
from subscriptions.email import builder
from subscriptions.models import Subscriber
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose

SUBJECT, TEXT, HTML, PREHEADER, SINCE, BORDER, BEGIN, END = (mark(number) for number in range(8))
FIRST_PLACE = 100  # the mark of the first paper's place
# What stands for the reasons of a paper.
REASONS = tuple(Finding("", 0, (Reason("", "said", mark(10 + n), "", 0),)) for n in range(snapshot.MOST_FINDINGS))
UID = uuid.UUID(int=0)
ADDRESS = "stand-in@reader.invalid"


class CutError(Exception):
    """A template does not keep to what is agreed, and its parts can't be told apart."""


class FrameKey(NamedTuple):
    """What a frame depends on, apart from its edition."""

    frequency: str
    follows_nothing: bool = False
    for_you: int = 0  # papers
    trending: int = 0  # papers
    more: int = 0


class Frame(NamedTuple):
    """A mail without papers and without reader."""

    form: ByteTemplate
    papers: list[tuple[int, int]]  # for each, which piece of the text part and which of the HTML part it is
    minor: list[bool]  # for each, whether it is shown in short
    html: slice  # the pieces of the HTML part
    lead: str


class PartKey(NamedTuple):
    paper: int  # its id
    minor: bool
    reasons: int  # how many


WORDS = "words"


class PaperPart(NamedTuple):
    """How a paper stands in one part of a mail, cut where its reasons stand, and the text with words in bold."""

    pieces: list[bytes]
    places: list[str]  # what stands between them: the number of a reason, or WORDS
    words: str  # what stands at WORDS, as text


Part = tuple[PaperPart, PaperPart]  # of the text part, and of the HTML part


class TemplateSplitter:
    """Makes the parts for `edition`, in the language and the look that are active."""

    def __init__(self, edition: Edition, of_how_many: int) -> None:
        self._edition = edition
        self._of_how_many = of_how_many
        self._opinion_token = reader_urls.opinion_token(UID.bytes, edition.pk)
        self.opinion_line = self._opinion_token.encode() + SOFT_BREAK  # where it stands in a part

    def frame(self, situation: FrameKey) -> Frame:
        digest = self._digest(situation)
        context = self._context(digest, _stand_in(self._edition, situation.frequency).subscriber)
        lead = str(context["say"].lead())
        context |= {"say": _Sentences(context["say"]), "subject": SUBJECT}
        numbers = {id(match): number for number, match in enumerate(digest.matches)}
        in_text, in_html = (_Places(rendering.macros_of(f"_papers.{kind}"), numbers) for kind in ("txt", "html"))
        text = builder.render_text("digest", context | {"papers": in_text})
        html = builder.render_html("digest", context | {"papers": in_html})
        form, its_html = self._form(situation.frequency, text, html)
        papers = [(form.places[f"text {n}"][0], form.places[f"html {n}"][0]) for n in range(len(numbers))]
        return Frame(form, papers, [in_html.minor[n] for n in range(len(numbers))], its_html, lead)

    def parts(self, papers: Mapping[PartKey, Paper]) -> dict[PartKey, Part]:
        """Each paper as it stands in a mail."""
        texts, htmls = (self._as_papers(kind, papers) for kind in ("txt", "html"))
        # In their places, since which styles apply depends on what is around them. With a paper before and after each,
        # so that a first or last one that is styled apart shows in the first mail (see
        # `digest.email.batch.verification`).
        placed = BORDER.join(["", htmls[0], *htmls, htmls[0], ""])
        inlined = builder.inline(self._html_around_a_paper.replace(mark(FIRST_PLACE), placed)).split(BORDER)[2:-2]
        return {
            key: (self._cut(key, text, reasons.why_in_text), self._cut(key, html, reasons.why))
            for key, text, html in zip(papers, texts, inlined, strict=True)
        }

    def subject(self, first: PaperText | None, papers: int) -> str:
        """The subject of a mail with so many papers."""
        digest = self._digest(FrameKey("", for_you=papers), first)
        return builder.render_subject("digest", self._context(digest, self._anybody.subscriber))

    def why_this_mail(self, frequency: str, confirmed: dt.date) -> str:
        """What tells readers who confirmed on that day why they get this mail."""
        reader, say = self._say(frequency)
        reader.confirmed_at = clock.midnight(confirmed)
        return str(say.why_this_mail())

    @lru_cache(4)  # noqa: B019  # as many as there are frequencies
    def _say(self, frequency: str) -> tuple[Subscriber, Any]:
        """A reader, and the sentences, which look at the reader whenever they are asked."""
        stand_in = _stand_in(self._edition, frequency)
        return stand_in.subscriber, self._context(self._digest(FrameKey(frequency)), stand_in.subscriber)["say"]

    def _context(self, digest: Digest, reader: Subscriber) -> dict[str, Any]:
        return rendering.make_context(digest, self._edition, subscriber=reader, **self._urls)

    @cached_property
    def _anybody(self) -> Delivery:
        return _stand_in(self._edition)

    @cached_property
    def _urls(self) -> dict[str, str]:
        return rendering.urls_of(self._anybody)

    def _digest(self, situation: FrameKey, first: PaperText | None = None) -> Digest:
        """A digest of matches without papers, but for the `first`."""
        found = (Finding("" if situation.follows_nothing else "-", 0, ()),)
        how_many = situation.for_you + situation.trending
        matches = [Match(cast(PaperText, first if number == 0 else None), 0, found) for number in range(how_many)]
        for_you, trending = matches[: situation.for_you], matches[situation.for_you :]
        return Digest(self._edition.day, tuple(for_you), tuple(trending), situation.more, self._of_how_many)

    @cached_property
    def _html_around_a_paper(self) -> str:
        """The HTML, before styles are inlined, of a mail with the place of one paper."""
        digest = self._digest(FrameKey("", for_you=1))
        papers = _Places(rendering.macros_of("_papers.html"), {id(digest.for_you[0]): 0})
        context = self._context(digest, self._anybody.subscriber) | {"papers": papers, "subject": SUBJECT}
        return render_to_string("email/digest.html", context)

    def _as_papers(self, kind: str, papers: Mapping[PartKey, Paper]) -> list[str]:
        """What the macro for papers makes of each, with marks for its reasons."""
        macros: Any = rendering.macros_of(f"_papers.{kind}")
        matches = {key: Match(paper, 0, REASONS[: key.reasons]) for key, paper in papers.items()}
        with bold_terms.marked_instead_of_bold(BEGIN, END):
            return [
                str(macros.paper(match, self._urls["opinion_url"], minor=key.minor)) for key, match in matches.items()
            ]

    def _cut(self, key: PartKey, paper: str, say: Callable[[Finding], str]) -> PaperPart:
        at = {say(reason): str(number) for number, reason in enumerate(REASONS)}
        parts, words = cut(paper, at | {BEGIN: WORDS, END: WORDS}), ""
        if WORDS in parts[1::2]:
            begin = parts.index(WORDS, 1) + 1
            words = unescape(parts[begin])
            del parts[begin : begin + 2]  # up to the END
        places = parts[1::2]
        if [place for place in places if place != WORDS] != [str(number) for number in range(key.reasons)]:
            raise CutError(f"A paper with {key.reasons} reasons tells others: {places}.")
        if places.count(WORDS) > 1:
            raise CutError("Several texts of a paper may have words in bold.")
        return PaperPart([encode_around(part, self._opinion_token) for part in parts[::2]], places, words)

    def _form(self, frequency: str, text: str, html: str) -> tuple[ByteTemplate, slice]:
        """The whole mail, and which pieces of it are the HTML part."""
        form, bodies, its_html = ByteTemplate(), {"text": text, "html": html}, slice(0)
        for number, part in enumerate(self._wire(frequency)):
            if number % 2 and part in bodies:
                begin = len(form.pieces)
                form.add(cut(bodies[part], self._in_body(part)), encode)
                its_html = slice(begin, len(form.pieces))  # the text part comes first
            else:
                form.add(["", part] if number % 2 else [part], str.encode)
        return form, its_html

    @lru_cache(4)  # noqa: B019
    def _wire(self, frequency: str) -> list[str]:
        """The mail as it leaves, cut where its text, its HTML and what is the reader's own stand in it."""
        stand_in = _stand_in(self._edition, frequency)
        built = rendering.build_message(RenderedEmail(SUBJECT, TEXT, HTML), stand_in).message()
        at = {
            ADDRESS: "address",
            stand_in.message_id: "message id",
            built["Date"]: "date",
            SUBJECT: "subject header",
            link_tokens.make_token(Purpose.UNSUBSCRIBE, stand_in.subscriber): "unsubscribe header",
            TEXT: "text",
            HTML: "html",
        }
        return cut(built.as_bytes(linesep="\r\n").decode("ascii"), at)

    def _in_body(self, part: str) -> dict[str, str]:
        """What is to be cut out of the text or the HTML part."""
        reader = self._anybody.subscriber
        tokens = {
            link_tokens.make_token(purpose, reader): str(purpose)
            for purpose in (Purpose.UNSUBSCRIBE, Purpose.PREFERENCES)
        }
        papers = {mark(FIRST_PLACE + number): f"{part} {number}" for number in range(100)}
        digest = {reader_urls.digest_token(UID.bytes, self._edition.pk): "digest", self._opinion_token: "opinion"}
        own = {SUBJECT: "subject", PREHEADER: "preheader", SINCE: f"{part} since"}
        return tokens | papers | digest | own


class _Sentences:
    """Stands in for the sentences: those that are different for each reader are marks."""

    def __init__(self, say: Any) -> None:
        self._say = say

    def preheader(self) -> str:
        return PREHEADER

    def why_this_mail(self) -> str:
        return SINCE

    def __getattr__(self, name: str) -> Any:
        return getattr(self._say, name)


class _Places:
    """Stands in for the macros of papers: each paper is the mark of its place."""

    def __init__(self, macros: TemplateModule, numbers: Mapping[int, int]) -> None:
        self._macros = macros
        self._numbers = numbers
        self.minor: dict[int, bool] = {}

    def paper(self, match: Match, opinion_url: str, minor: object = False) -> str:
        number = self._numbers[id(match)]
        self.minor[number] = bool(minor)
        return Markup(mark(FIRST_PLACE + number))  # noqa: S704  # digits

    def __getattr__(self, name: str) -> Any:
        return getattr(self._macros, name)


def _stand_in(edition: Edition, frequency: str = "") -> Delivery:
    """A delivery to nobody."""
    reader = Subscriber(uid=UID, email=ADDRESS, frequency=frequency, confirmed_at=timezone.now())
    return Delivery(edition=edition, subscriber=reader)
