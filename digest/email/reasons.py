"""Why a paper was chosen, as pages and mails say it, in the language that is active. Pure."""

from collections.abc import Iterable
from functools import lru_cache

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from digest.email.formatting import isolated, shorten, translated, votes, wrapped
from digest.matching import Finding, Reason


def why(finding: Finding) -> str:
    """What one interest found in a paper, in one line. Nothing, where only votes speak for it: they stand above."""
    language = get_language()
    told = (
        _sentence(language, kind, tuple(found), where) for (kind, where), found in _together(finding.reasons).items()
    )
    said = "; ".join(filter(None, told))
    return f"{_named(language, finding.interest)}: {said}" if said and finding.interest else said


def why_in_text(finding: Finding) -> str:
    """The same as it stands in the text part."""
    return in_text(why(finding))


def in_text(line: str) -> str:
    """A line of `why` as it stands in the text part."""
    return wrapped(_("Why: %(line)s") % {"line": line}, indent=2) if line else ""


def _together(reasons: Iterable[Reason]) -> dict[tuple[str, str], list[str]]:
    """What was found, by its kind and where it stands; no phrase that is a part of another there."""
    found: dict[tuple[str, str], list[str]] = {}
    for reason in reasons:
        found.setdefault((reason.kind, reason.where), []).append(_what(reason))
    return {
        (kind, where): [one for one in each if kind != "phrase" or not _is_within(one, each)]
        for (kind, where), each in found.items()
    }


def _is_within(found: str, others: Iterable[str]) -> bool:
    return any(_apart(found) in _apart(other) for other in others if len(other) > len(found))


def _apart(phrase: str) -> str:
    """With a space around each word, also around those that hyphens join."""
    return f" {phrase.casefold().replace('-', ' ')} "


def _what(reason: Reason) -> str:
    """What was found; nothing where it is the topic, whose name stands before it."""
    return "" if reason.kind == "meaning" and reason.found == reason.interest else reason.found


@lru_cache(maxsize=10_000)
def _named(language: str | None, interest: str) -> str:
    return isolated(translated(interest))


@lru_cache(maxsize=10_000)  # what many readers are told; asking for the language at each word takes longer
def _sentence(language: str | None, kind: str, found: tuple[str, ...], where: str) -> str:
    if kind == "votes":
        return ""
    whole = map(translated, found) if kind == "topic" else found
    shown = [isolated(shorten(one, 100)) for one in whole]
    if kind == "topic" and len(shown) > 1:
        return _("on the topics “%(topics)s”") % {"topics": _in_quotes(shown)}
    if kind in ("phrase", "taste"):
        shown = [_in_quotes(shown)]
    elif kind == "words":
        shown = [", ".join(dict.fromkeys(word for words in shown for word in words.split(", ")))]
    return "; ".join(_phrase_for(kind, one, where) for one in shown)


def _in_quotes(shown: Iterable[str]) -> str:
    """What stands between the first quote and the last."""
    # Translators: between two phrases, each of which stands in quotes.
    return _("”, “").join(shown)


def _phrase_for(kind: str, found: str, where: str) -> str:
    match kind, where:
        case "phrase", "title":
            return _("“%(words)s” in the title") % {"words": found}
        case "phrase", "abstract":
            return _("“%(words)s” in the abstract") % {"words": found}
        case "phrase", _where:
            return _("“%(words)s” in the keywords") % {"words": found}
        case "words", "title":
            return _("%(words)s in the title") % {"words": found}
        case "words", "abstract":
            return _("%(words)s in the abstract") % {"words": found}
        case "words", _where:
            return _("%(words)s in the keywords") % {"words": found}
        case "meaning", _where if not found:
            return _("close in meaning to this topic")
        case "meaning", _where:
            return _("close in meaning to “%(text)s”") % {"text": found}
        case "topic", _where:
            return _("on the topic “%(topic)s”") % {"topic": found}
        case "author", _where:
            return _("by %(author)s") % {"author": found}
        case "category", _where:
            return _("in %(category)s") % {"category": found}
        case "said", _where:  # in whole words already
            return found
        case "taste", "liked":
            return _("moved up, since you liked papers with “%(words)s”") % {"words": found}
        case "taste", _where:
            return _("moved down, since papers with “%(words)s” were not for you") % {"words": found}
    return votes(int(found))


FILTERS = {"why": why, "why_in_text": why_in_text}
