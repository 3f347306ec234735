"""Dates, numbers, names and texts as readers see them, in pages and emails, in the active language. Pure."""

import datetime as dt
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from typing import Protocol

from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, get_language_bidi, gettext, ngettext, pgettext

from digest.editions.due_times import is_weekday
from digest.text.cleanup import first_sentences, whole
from digest.text.stop_words import LOWERCASE_IN_NAMES, STOP_WORDS

TEXT_WIDTH = 78  # characters
AUTHORS_ON_CARDS, AUTHORS_IN_EMAILS = 4, 2
PREHEADER = 110  # characters
SUBJECT = 70  # characters; telephones show fewer, so the newsletter's name comes last
TELLING = 20  # characters; a shorter title before a colon is a name
MIN_PREHEADER = 40  # characters; the lead follows a shorter preheader
ISOLATE, END_OF_ISOLATE = "\u2068", "\u2069"


class Sourced(Protocol):
    """The fields of a paper that name its source."""

    @property
    def url(self) -> str: ...
    @property
    def pdf_url(self) -> str: ...


def _(message: str) -> str:
    """Return the translation of `message`, cached.

    Django asks the catalogue of each app at each call, and a digest holds some twenty messages.
    """
    return _translated(get_language(), message)


@lru_cache(maxsize=1000)
def _translated(language: str | None, message: str) -> str:
    return gettext(message)


def short_authors(names: Sequence[str], most: int = 6) -> str:
    """Join the names without the middle of a long list.

    The first and the last name show who did the work, and in what lab. A single name is never left out, since “1 more”
    would take its room.
    """
    shown = [isolated(shorten(name, 100)) for name in names]
    if len(shown) <= most + 1:
        return ", ".join(shown)
    gap = ngettext("%(number)s more", "%(number)s more", len(shown) - most) % {"number": grouped(len(shown) - most)}
    return ", ".join([*shown[: most - 1], gap.replace(" ", "\u00a0"), shown[-1]])


def by_line(names: Sequence[str], organization: str, most: int = AUTHORS_ON_CARDS) -> str:
    """Return authors and organization. No line begins with the dot between them."""
    return "\u00a0· ".join(filter(None, (short_authors(names, most), isolated(named(organization)))))


def named(organization: str) -> str:
    """Return the organization's name, capitalized if a source gives a name of several words in lower case."""
    if not organization.islower() or " " not in organization:
        return organization
    words = organization.split(" ")
    return " ".join(word if word in LOWERCASE_IN_NAMES else word[:1].upper() + word[1:] for word in words)


def count(number: int, one: str, many: str = "") -> str:
    """Return `number` with its English noun, for operators: 1 paper, 2 papers."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def grouped(number: int) -> str:
    """Return `number` with separators: 1,234 in English, 1.234 in German."""
    return number_format(number, use_l10n=True, force_grouping=True)


def translated(text: str) -> str:
    """Return the translation of a `text` of ours that is not a literal, such as a topic's name, or `text` itself."""
    return _(text) if text else ""  # gettext("") returns the header of the catalogue


def papers(number: int) -> str:
    return ngettext("%(number)s paper", "%(number)s papers", number) % {"number": grouped(number)}


def votes(number: int) -> str:
    return ngettext("%(number)s vote", "%(number)s votes", number) % {"number": grouped(number)}


def stars(number: int) -> str:
    return ngettext("%(number)s star", "%(number)s stars", number) % {"number": grouped(number)}


def long_date(day: dt.date) -> str:
    return date_format(day, pgettext("Django date format: Thursday, 20 August 2026", "l, j F Y"))


def plain_date(day: dt.date) -> str:
    return date_format(day, pgettext("Django date format: 20 August 2026", "j F Y"))


def short_date(day: dt.date) -> str:
    return date_format(day, pgettext("Django date format: 20 Aug", "j M"))


def day_before(day: dt.date, last: dt.date) -> str:
    """Return `day` as the start of a range that ends on `last`, without the parts that both share.

    Before “23 August 2026”, a `plain_date`, it is “17” or “31 July”.
    """
    if day.year != last.year:
        return plain_date(day)
    if day.month != last.month:
        return date_format(day, pgettext("Django date format: 31 August", "j F"))
    return date_format(day, pgettext("Django date format: 17, before “to 23 August”", "j"))


def month(day: dt.date) -> str:
    return date_format(day, pgettext("Django date format: August 2026", "F Y"))


def weekday(day: dt.date) -> str:
    return date_format(day, "l")


def weekday_short(day: dt.date) -> str:
    return date_format(day, "D")


def why_quiet(day: dt.date, cause: str) -> str:
    """Return why `day` has no edition (see `digest.models.QuietDay.Cause`)."""
    match cause:
        case "out":
            return _("All papers listed on that day were in an earlier edition.")
        case "later":
            return _("That day’s papers are in the next edition.")
        case "trouble":
            return _("The sources could not be read on that day. Their papers are in a later edition.")
        case _other if not is_weekday(day):
            return _("No papers are listed on weekends.")
    return _("No papers were listed on that day.")


def preheader(titles: Sequence[str], lead: str) -> str:
    """Return the text that email clients show after the subject: the titles of the next papers.

    The subject has the first title already. If the titles are short, `lead` follows.
    """
    also = _("Also: %(titles)s") % {"titles": " · ".join(in_preheader(titles))} if titles else ""
    return shorten(also if len(also) >= MIN_PREHEADER else f"{also} {lead}".strip(), PREHEADER)


def in_preheader(titles: Iterable[str]) -> list[str]:
    """Return the titles that fit into a preheader, shortened."""
    room, shown = PREHEADER, []  # characters left
    for title in titles:
        if room <= 0:
            break
        shown.append(shorten(title, 90))
        room -= len(shown[-1])
    return shown


def shorten(text: str, limit: int) -> str:
    """Return `text` in at most `limit` characters, cut between words."""
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0].rstrip(",;:–- ") + "…"


def main_title(title: str, limit: int) -> str:
    """Return `title` in at most `limit` characters: if it is longer, without its subtitle, or else cut between words.

    The name alone, as of “Name: What It Does”, would say too little.
    """
    if len(title) <= limit:
        return title
    main = title.partition(": ")[0]
    return main if TELLING <= len(main) <= limit else _end_on_a_word_that_says_something(shorten(title, limit))


def _end_on_a_word_that_says_something(cut: str) -> str:
    """Return a text that was cut, without “on”, “for the” and the like before its “…”."""
    words = cut.removesuffix("…").split(" ")
    while len(words) > 1 and words[-1].lower() in STOP_WORDS:
        words.pop()
    return " ".join(words).rstrip(",;:–- ") + "…"


def with_name(subject: str, name: str) -> str:
    """Return a subject with the newsletter's name after it, where there is room."""
    named = f"{subject} · {name}"
    return named if len(named) <= SUBJECT else subject


def source_name(paper: Sourced) -> str:
    """Return the name of the site that a paper's URL leads to: arXiv, or its host."""
    host = paper.url.split("/")[2:3]
    return "arXiv" if paper.pdf_url else shorten("".join(host).removeprefix("www."), 40)


def wrapped(text: str, indent: int = 0) -> str:
    """Wrap `text` between words, at TEXT_WIDTH characters. Each line but the first begins with `indent` spaces."""
    width, lines = TEXT_WIDTH - indent, []
    while len(text) > width:
        end = text.rfind(" ", 1, width + 1)
        if end < 0:
            end = text.find(" ", width)
        if end < 0:
            break
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return ("\n" + " " * indent).join([*lines, text])


def isolated(text: str) -> str:
    """Return `text`, isolated from the direction of the words around it.

    It may be Hebrew in an English sentence, or English in a Hebrew one. The isolates are characters (Unicode TR 9),
    because email clients drop elements and styles that do the same.
    """
    if text.isascii() and not get_language_bidi():
        return text
    opposite = ("L",) if get_language_bidi() else ("R", "AL", "AN")
    if any(unicodedata.bidirectional(character) in opposite for character in text):
        return f"{ISOLATE}{text}{END_OF_ISOLATE}"
    return text


FILTERS = {
    "short_authors": short_authors,
    "by_line": by_line,
    "by_line_in_emails": partial(by_line, most=AUTHORS_IN_EMAILS),
    "named": named,
    "count": count,
    "grouped": grouped,
    "translated": translated,
    "papers": papers,
    "votes": votes,
    "stars": stars,
    "long_date": long_date,
    "plain_date": plain_date,
    "short_date": short_date,
    "day_before": day_before,
    "month": month,
    "weekday": weekday,
    "weekday_short": weekday_short,
    "why_quiet": why_quiet,
    "preheader": preheader,
    "main_title": main_title,
    "with_name": with_name,
    "source_name": source_name,
    "wrapped": wrapped,
    "shorten": shorten,
    "isolated": isolated,
    "first_sentences": first_sentences,
    "whole": whole,
}
