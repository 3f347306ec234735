"""The names of what a reader follows, for pages and emails: topics, and each of their own words in quotes."""

import re
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from subscriptions.models import TopicFilter
from subscriptions.query import grammar
from subscriptions.query.arxiv_categories import can_be_asked_for

MAX_NAMES = 6  # in a sentence
MAX_SHOWN_LENGTH = 60  # characters of one of a reader's own words, as it is shown

# Letters, short numbers and spaces: no address, link, price or telephone number.
_HARMLESS = re.compile(
    rf"-?\s*(?:{grammar.FIELD}:)?(?:[^\W\d_]|\d{{1,4}}(?:\.\d{{1,2}})?(?![\d.])|[\s\"'’()/&+-])+", re.IGNORECASE
)


# Fields of the query language in plain words. The others are shown as typed.
_FIELDS = {
    "author": gettext_noop("author “%(words)s”"),
    "cat": gettext_noop("category “%(words)s”"),
    "about": gettext_noop("“%(words)s”"),
}


def names_of(follows: Iterable[TopicFilter]) -> list[str]:
    """Return the names of `follows`.

    Anyone can type words for anyone's address. They are named only if no email program or person could take them for
    an address, a link or a number to call.
    """
    names: list[str] = []
    for row in follows:
        names += [_(row.topic.name)] if row.topic else _name_words(row.words)
    return names


def listed(names: Sequence[str]) -> str:
    """Return the names in one line, without those after the first MAX_NAMES.

    If the last two would be joined by a word that one of them contains, as in “Video generation and editing”, there
    are only commas.
    """
    if not names:
        return _("the top-voted papers")
    more = len(names) - MAX_NAMES
    if more > 0:
        names = [*names[:MAX_NAMES], ngettext("%(n)s more", "%(n)s more", more) % {"n": more}]
    *first, last = names
    if not first:
        return last
    joined = _("%(names)s and %(last)s")
    conjunction = joined % {"names": "", "last": ""}
    if more <= 0 and any(conjunction in name for name in names[-2:]):
        return ", ".join(names)
    return joined % {"names": ", ".join(first), "last": last}


def _name_words(words: str) -> list[str]:
    """Return each term of `words` in quotes of its own, so that no one reads several as one phrase."""
    terms = grammar.split(grammar.normalize_signs(words))
    if not all(map(_is_harmless, terms)):
        return [_("your own words")]
    return list(map(_quote, terms))


def _quote(term: str) -> str:
    field, _colon, value = term.partition(":")
    if pattern := _FIELDS.get(field.strip().lower()):
        return _(pattern) % {"words": _shorten(value.replace('"', ""))}
    quoted = _("not “%(words)s”") if term.startswith("-") else _("“%(words)s”")
    return quoted % {"words": _shorten(term.removeprefix("-").replace('"', ""))}


def _is_harmless(term: str) -> bool:
    category = term.lower().removeprefix("cat:").strip()
    return can_be_asked_for(category) or _HARMLESS.fullmatch(term) is not None


def _shorten(term: str) -> str:
    """Return the term in one line of at most MAX_SHOWN_LENGTH characters, cut between words where possible."""
    line = " ".join(term.split())
    if len(line) <= MAX_SHOWN_LENGTH:
        return line
    cut = line[: MAX_SHOWN_LENGTH - 1]
    return cut.rpartition(" ")[0].rstrip(",;:- ") + "…" if " " in cut else f"{cut}…"
