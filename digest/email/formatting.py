"""How things are said to readers, in pages and mails alike, in the language that is active. Pure."""

import datetime as dt
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, get_language_bidi, gettext, ngettext, pgettext

from digest.text.cleanup import first_sentences, whole

TEXT_WIDTH = 78  # characters
PREHEADER = 110  # characters; of less than ENOUGH, the lead is there as well
ENOUGH = 40
SMALL_WORDS = frozenset(
    {"a", "and", "at", "de", "della", "der", "di", "du", "for", "für", "in", "la", "of", "on", "the"}
)
SATURDAY = 5  # dt.date.weekday()
ISOLATE, END_OF_ISOLATE = "\u2068", "\u2069"


def _(message: str) -> str:
    """As Django's, which asks the catalogue of each app anew; a digest holds some twenty messages."""
    return _translated(get_language(), message)


@lru_cache(maxsize=1000)
def _translated(language: str | None, message: str) -> str:
    return gettext(message)


def short_authors(names: Sequence[str], most: int = 6) -> str:
    """The names, with the middle of a long list left out: the first ones and the last are who did it and whose lab."""
    shown = [isolated(shorten(name, 100)) for name in names]
    if len(shown) <= most:
        return ", ".join(shown)
    gap = ngettext("%(number)s more", "%(number)s more", len(shown) - most) % {"number": grouped(len(shown) - most)}
    return ", ".join([*shown[: most - 1], gap.replace(" ", "\u00a0"), shown[-1]])


def by_line(names: Sequence[str], organization: str, most: int = 6) -> str:
    """Whose paper it is. The dot between authors and organization begins no line."""
    return "\u00a0· ".join(filter(None, (short_authors(names, most), isolated(named(organization)))))


def named(organization: str) -> str:
    """The name as it is written: some sources tell those of several words in small letters."""
    if not organization.islower() or " " not in organization:
        return organization
    words = organization.split(" ")
    return " ".join(word if word in SMALL_WORDS else word[:1].upper() + word[1:] for word in words)


def count(number: int, one: str, many: str = "") -> str:
    """`number` with its English noun, for operators: 1 paper, 2 papers."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def grouped(number: int) -> str:
    """1,234 in English, 1.234 in German."""
    return number_format(number, use_l10n=True, force_grouping=True)


def translated(text: str) -> str:
    """`text` of ours that is no literal, such as a topic's name; as it is where nobody has translated it."""
    return _(text) if text else ""  # gettext's answer to nothing is the file's head


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
    """`day` as it stands before `last`, a `plain_date`, with no more than differs: 17 (to 23 August 2026)."""
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
    """Why `day` has no edition; see `digest.models.QuietDay.Cause`."""
    match cause:
        case "out":
            return _("All papers that were listed on that day had been in an earlier edition.")
        case "later":
            return _("The papers of that day came in the next edition.")
        case "trouble":
            return _("The sources could not be read on that day. What they listed comes in a later edition.")
        case _other if day.weekday() >= SATURDAY:
            return _("No papers are listed at weekends.")
    return _("No papers were listed on that day.")


def preheader(titles: Sequence[str], lead: str) -> str:
    """What mail clients show beside the subject, which holds the first title already: those of the next papers."""
    also = _("Also: %(titles)s") % {"titles": " · ".join(in_preheader(titles))} if titles else ""
    return shorten(also if len(also) >= ENOUGH else f"{also} {lead}".strip(), PREHEADER)


def in_preheader(titles: Iterable[str]) -> list[str]:
    """Those of `titles` that a preheader has room for, in short."""
    room, shown = PREHEADER, []
    for title in titles:
        if room <= 0:
            break
        shown.append(shorten(title, 90))
        room -= len(shown[-1])
    return shown


def shorten(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, cut between words."""
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0].rstrip(",;:–- ") + "…"


def wrapped(text: str, indent: int = 0) -> str:
    """`text` in lines of 78 characters at most, cut between words; `indent` spaces stand before each but the first."""
    room, lines = TEXT_WIDTH - indent, []
    while len(text) > room:
        end = text.rfind(" ", 1, room + 1)
        if end < 0:
            end = text.find(" ", room)
        if end < 0:
            break
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return ("\n" + " " * indent).join([*lines, text])


def isolated(text: str) -> str:
    """`text`, kept from turning the words around it: Hebrew in an English sentence, English in a Hebrew one.

    As characters, since mail clients drop the elements and styles that would do it (Unicode TR 9, isolates).
    """
    if text.isascii() and not get_language_bidi():
        return text
    against = ("L",) if get_language_bidi() else ("R", "AL", "AN")
    if any(unicodedata.bidirectional(character) in against for character in text):
        return f"{ISOLATE}{text}{END_OF_ISOLATE}"
    return text


FILTERS = {
    "short_authors": short_authors,
    "by_line": by_line,
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
    "wrapped": wrapped,
    "shorten": shorten,
    "isolated": isolated,
    "first_sentences": first_sentences,
    "whole": whole,
}
