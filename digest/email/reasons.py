"""All the reasons why a paper was chosen, as text in the active language. Emails show one line: `reason_line`. Pure."""

from collections.abc import Iterable
from functools import lru_cache

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from digest.email.formatting import isolated, shorten, translated, votes
from digest.matching import Finding, Reason, spans


def why(finding: Finding) -> str:
    """Return in one line what one interest found in a paper, or "" if only votes speak for it: they are shown above."""
    name, line = _name_and_line(finding)
    return f"{name}: {line}" if line and name else line


def why_in_full(finding: Finding) -> tuple[str, str]:
    """Return the name of the interest, and what it found in a paper as a sentence, or "" if only votes do."""
    name, line = _name_and_line(finding)
    return name, f"{line[:1].upper()}{line[1:]}." if line else ""


def brief_reason(finding: Finding, *shown: str) -> str:
    """Return one reason for a search result in a few words, or "" if matches in the `shown` texts are reason enough."""
    reasons = [reason for reason in finding.reasons if reason.kind != "votes"]
    if not reasons or any(spans(text, reasons) for text in shown):
        return ""
    clearest = min(reasons, key=lambda reason: reason.kind == "meaning")  # the strongest, if another kind has none
    if clearest.kind == "meaning":
        return _("Close in meaning")
    line = _sentence(get_language(), clearest.kind, (clearest.found,), clearest.where)
    return f"{line[:1].upper()}{line[1:]}"


def _name_and_line(finding: Finding) -> tuple[str, str]:
    language = get_language()
    sentences = (
        _sentence(language, kind, tuple(found), where) for (kind, where), found in _group(finding.reasons).items()
    )
    return _display_name(language, finding.interest) if finding.interest else "", "; ".join(filter(None, sentences))


def _group(reasons: Iterable[Reason]) -> dict[tuple[str, str], list[str]]:
    """Group what was found by its kind and field. Leave out phrases that are part of a longer one there."""
    found: dict[tuple[str, str], list[str]] = {}
    for reason in reasons:
        found.setdefault((reason.kind, reason.where), []).append(_found_text(reason))
    return {
        (kind, where): [text for text in texts if kind != "phrase" or not _is_within(text, texts)]
        for (kind, where), texts in found.items()
    }


def _is_within(found: str, others: Iterable[str]) -> bool:
    return any(_spaced(found) in _spaced(other) for other in others if len(other) > len(found))


def _spaced(phrase: str) -> str:
    """Return `phrase` with a space around each word. Hyphens separate words, too."""
    return f" {phrase.casefold().replace('-', ' ')} "


def _found_text(reason: Reason) -> str:
    """Return what was found, or "" if it is the topic itself: its name begins the line."""
    return "" if reason.kind in ("meaning", "assessment") and reason.found == reason.interest else reason.found


@lru_cache(maxsize=10_000)
def _display_name(language: str | None, interest: str) -> str:
    """Return the name of the interest in the active language."""
    return isolated(translated(interest))


@lru_cache(maxsize=10_000)  # many readers get the same; asking for the language at each word takes longer
def _sentence(language: str | None, kind: str, found: tuple[str, ...], where: str) -> str:
    if kind == "votes":
        return ""
    whole = map(translated, found) if kind == "topic" else found
    shown = [isolated(shorten(text, 100)) for text in whole]
    if kind == "topic" and len(shown) > 1:
        return _("on the topics “%(topics)s”") % {"topics": _in_quotes(shown)}
    if kind == "phrase":
        shown = [_in_quotes(shown)]
    elif kind == "words":
        shown = [", ".join(dict.fromkeys(word for words in shown for word in words.split(", ")))]
    return "; ".join(_phrase_for(kind, text, where) for text in shown)


def _in_quotes(shown: Iterable[str]) -> str:
    """Return phrases joined to go between one pair of quotes."""
    # Translators: between two phrases, each in quotes.
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
        case "assessment", _where if not found:
            return _("an AI model judged that it fits this topic")
        case "assessment", _where:
            return _("an AI model judged that it fits “%(text)s”") % {"text": found}
        case "topic", _where:
            return _("on the topic “%(topic)s”") % {"topic": found}
        case "author", _where:
            return _("by %(author)s") % {"author": found}
        case "category", _where:
            return _("in %(category)s") % {"category": found}
        case "liked", "saved":
            return _("close to “%(title)s”, which you saved") % {"title": found}
        case "liked", _where:
            return _("close to “%(title)s”, which you liked") % {"title": found}
        case "taste", _where:  # in records of former digests
            return ""
    return votes(int(found))


FILTERS = {"brief_reason": brief_reason, "why": why, "why_in_full": why_in_full}
