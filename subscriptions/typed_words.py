"""A reader's own words as the form sends them: a text, and the buttons and chips that change it."""

from django.http import QueryDict

from subscriptions.models.readers import MAX_WORDS_LENGTH
from subscriptions.query import grammar


def terms_of(words: str) -> list[str]:
    """Return the terms of the text, each for one chip, or an empty list if it can't be read or is too long."""
    if len(words) > MAX_WORDS_LENGTH:
        return []
    try:
        return list(dict.fromkeys(grammar.split(grammar.normalize_signs(words))))
    except grammar.FilterError:
        return []


def as_sent(given: QueryDict) -> QueryDict:
    """Return the form with its words changed by the chips and by the button that was pressed."""
    return _with_ignored_word(_without_removed(given))


def _without_removed(given: QueryDict) -> QueryDict:
    """Remove each term with a chip that is no longer ticked."""
    removed = set(given.getlist("shown")) - set(given.getlist("kept"))
    if not removed:
        return given
    terms = terms_of(given.get("words", ""))
    kept = [term for term in terms if term not in removed]
    if len(kept) == len(terms):
        return given
    changed = given.copy()
    changed["words"] = "\n".join(kept)  # a line for each, because a sentence ends with its line
    return changed


def _with_ignored_word(given: QueryDict) -> QueryDict:
    """Add the word that is to be ignored."""
    if "ignore" not in given:
        return given
    changed = given.copy()
    term = grammar.write(grammar.Criteria(ignored=(str(given["ignore"])[: grammar.MAX_TERM_LENGTH],)))
    words = given.get("words", "").rstrip()
    changed["words"] = f"{words}\n{term}" if words else term  # a sentence ends with its line
    return changed
