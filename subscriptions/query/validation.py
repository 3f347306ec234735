"""Strict parsing of a query as it is typed: likely mistakes are rejected, with advice. Pure.

The grammar reads anything that it doesn't know as a phrase, and saved queries keep that meaning. A query that is being
typed can still be corrected, so these are rejected: a missing comma before a field, AND, OR and NOT, a trailing star as
a wildcard, terms that a sentence would swallow, a name with a comma, and a category that arXiv doesn't have. In quotes,
each of them is a phrase.
"""

import re
from itertools import zip_longest

from django.utils.translation import gettext as _

from subscriptions.query.arxiv_categories import can_be_asked_for
from subscriptions.query.grammar import (
    FIELD,
    MAX_MESSAGES,
    Criteria,
    FilterError,
    check_count,
    normalize_signs,
    parse,
    repeated_field_message,
    shown,
    split,
    unknown_category_message,
)

MAX_EXAMPLE_LENGTH = 80  # characters of a correction in a message

# These patterns expect single spaces.
_FIELD = f"{FIELD} ?:"
_BEGINS_AS_FIELD = re.compile(f"-|{_FIELD}", re.IGNORECASE)
_BEFORE_FIELD = re.compile(f"(?<![,-]) (?={_FIELD})", re.IGNORECASE)
_VOTES_AGAIN = re.compile("votes ?:.* votes ?:", re.IGNORECASE)
_SENTENCE = re.compile('(about ?:) ?(?! ?")(.*)', re.IGNORECASE)
# A sentence may have a colon after any word: “Schrödinger's cat: a study”.
_SWALLOWED = re.compile(rf"[,;] ?({_FIELD}|-[^\W\d_]).*| (votes ?: ?\d|cat:[a-z-]+\.|author:\w).*", re.IGNORECASE)
_STAR = re.compile(r"(?<=[^\W\d_][^\W\d_A-Z])\*(?!\S)")  # but A* and RRT* are names
_NOT = re.compile(r"(?:^|(?<=\S) |^(?:AND|OR) |(?<=\S) (?:AND|OR) )NOT (?=\S)")
_OR = re.compile(r"(?<=\S) (?:OR|AND(?= votes ?:)) (?=\S)")
_AND = re.compile(r"(?:^|(?<=\S) )AND (?=\S)")
_AT_END = re.compile("(?:^| )(?:AND NOT|AND|OR|NOT)$")
_LAST_NAME = re.compile("author ?: ?([^ ]+)", re.IGNORECASE)
_CATEGORY = re.compile("cat ?: ?([^ ]+)", re.IGNORECASE)


def read(text: str) -> Criteria:
    """Return the criteria in `text`. Raise FilterError if it can't be read, or likely means something else."""
    text = normalize_signs(text)
    messages: dict[str, None] = {}
    corrected_terms: list[str] = []
    terms = [" ".join(term.split()) for term in split(text)]
    check_count(terms)  # first, because each name is searched for in the whole text
    for term, following in zip_longest(terms, terms[1:], fillvalue=""):
        name = _whole_name(term, following, text)
        corrected, advice = name or _before_minus(term, following) or _correct(term)
        corrected_terms.append(corrected)
        messages |= dict.fromkeys(advice)
    if not messages:
        return parse(text)
    shown_messages = list(messages)[:MAX_MESSAGES]
    try:
        parse("\n".join(corrected_terms))
    except FilterError as error:  # also the errors that would remain after these corrections
        shown_messages += [message for message in error.args if message not in shown_messages]
    raise FilterError(*shown_messages)


def read_again(text: str, saved: str) -> Criteria:
    """Like `read`, but accept a `saved` text that is unchanged, so that readers can change other settings."""
    return parse(text) if text.split() == saved.split() else read(text)


def _correct(term: str) -> tuple[str, list[str]]:
    """Return `term` as it was likely meant, and advice for the reader: none if the term is fine."""
    if sentence := _SENTENCE.fullmatch(term):
        return _sentence(term, sentence[2])
    if '"' in term:
        return term, []
    if (category := _CATEGORY.fullmatch(term)) and not can_be_asked_for(category[1]):
        return term, [unknown_category_message(term)]
    corrected, advice = _without_operators(term)
    if not advice and (field := _BEFORE_FIELD.search(term)):
        corrected, advice = _with_commas(term), [_without_commas(term, term[field.end() :])]
    if _STAR.search(corrected):
        corrected = _STAR.sub("", corrected)
        advice.append(
            _("%(term)s: write whole words, without a star. Plurals are found anyway.") % {"term": shown(term)}
        )
    if advice and not _BEGINS_AS_FIELD.match(term):
        advice.append(_("If it is an exact phrase, put it in quotes."))
    return corrected, advice


def _whole_name(term: str, following: str, text: str) -> tuple[str, list[str]] | None:
    """Correct `author:Wang, Lei`, which the comma splits into two terms. Return None for any other term."""
    last = _LAST_NAME.fullmatch(term)
    if not last or '"' in term or not _is_given_name(following):
        return None
    if not re.search(rf"{re.escape(last[1])}[^\S\n]*,[^\S\n]*{re.escape(following)}", text):
        return None  # the following term is on a line of its own
    corrected = f'author:"{last[1]}, {following}"'
    message = _(
        "%(term)s: a name with a comma goes in quotes, like %(example)s. If “%(given)s” is a phrase, put it in quotes."
    )
    values = {"term": shown(f"{term}, {following}"), "example": _example(corrected), "given": following}
    return corrected, [message % values]


def _is_given_name(term: str) -> bool:
    """Return whether `term` could be given names (Lei, Jean-Pierre, J. P.), with initials alone after the first."""
    first, *others = term.split() or [""]
    is_name = first.istitle() and re.sub(r"[-.]", "", first).isalpha()
    return is_name and all(re.fullmatch(r"[^\W\d_]\.?", other) for other in others)


def _before_minus(term: str, following: str) -> tuple[str, list[str]] | None:
    """Correct `agents AND` before a term `-surveys`. Return None for any other term."""
    without_operator = _AT_END.sub("", term)
    if without_operator == term or not following.startswith("-") or '"' in term or _SENTENCE.fullmatch(term):
        return None
    corrected, advice = _correct(without_operator)
    if advice:
        return corrected, advice  # the operator is reported after this correction
    following = _AT_END.sub("", following)
    return corrected, [_or_and_not(f"{term} {following}", f"{corrected}, {following}".removeprefix(", "))]


def _without_operators(term: str) -> tuple[str, list[str]]:
    """Return `term` with commas and minuses for OR and NOT, and advice if it had any operator."""
    plain = _NOT.sub(lambda match: ", -" if match.start() else "-", term)
    plain = plain.removeprefix("OR ")
    plain = _OR.sub(", ", plain)
    if _AND.search(plain):
        is_phrase = plain == term and not _BEFORE_FIELD.search(f" {term}")
        words = _AND.sub(" and ", term) if is_phrase and not term.startswith("AND ") else "memory for agents"
        message = _("%(term)s: a comma asks for either. There is no AND; for both write a sentence, like %(example)s.")
        return plain, [message % {"term": shown(term), "example": _example(f"about: {words}")}]
    if plain == term:
        return term, []
    plain = _with_commas(plain)
    return plain, [_or_and_not(term, plain)]


def _or_and_not(term: str, corrected: str) -> str:
    message = _("%(term)s: write a comma for OR and a minus for NOT, like %(example)s.")
    return message % {"term": shown(term), "example": _example(corrected)}


def _without_commas(term: str, field: str) -> str:
    """Return the advice for a missing comma before `field`."""
    if _VOTES_AGAIN.match(term):
        return repeated_field_message("votes", 2)
    message = _("A comma is missing before %(field)s. Write it like %(example)s.")
    return message % {"field": shown(field), "example": _example(_with_commas(term))}


def _with_commas(term: str) -> str:
    return _BEFORE_FIELD.sub(", ", term)


def _sentence(term: str, sentence: str) -> tuple[str, list[str]]:
    """Correct a sentence that contains other terms, because it runs to the end of its line."""
    swallowed = _SWALLOWED.search(sentence)
    if not swallowed:
        return term, []
    rest = swallowed[0].lstrip(",; ")
    if rest.lower().startswith("about"):
        message = _(
            "A filter has one sentence, and %(text)s would be part of it. Write both as one sentence, or one of "
            "them as a phrase."
        )
        return f'about:"{sentence}"', [message % {"text": shown(rest)}]
    sentence = sentence[: swallowed.start()].replace('"', " ")
    message = _("A sentence runs to the end of the line. Put it in quotes, like %(example)s.")
    return f'about:"{sentence}", {rest}', [message % {"example": f'about:"{_cut(sentence, 40)}", {_cut(rest, 40)}'}]


def _example(text: str) -> str:
    return _cut(text, MAX_EXAMPLE_LENGTH)


def _cut(text: str, most: int) -> str:
    return f"{text[:most]}…" if len(text) > most else text
