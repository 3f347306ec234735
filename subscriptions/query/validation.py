"""What somebody types now, read more strictly than what is kept. Pure.

The grammar (`subscriptions.query.grammar`) makes a phrase of whatever it doesn't know, and what readers have saved must
go on being read so. While somebody is there to put it right, what is likely meant otherwise is refused: a comma left
out, the AND, OR and NOT of other searches, a star for endings, what a sentence would swallow, a name with a comma, a
category that arXiv doesn't have. In quotes all of it is a phrase.
"""

import re
from itertools import zip_longest

from django.utils.translation import gettext as _

from subscriptions.query.arxiv_categories import can_be_asked_for
from subscriptions.query.grammar import (
    MOST_TOLD,
    Criteria,
    FilterError,
    check_count,
    not_a_category,
    once,
    parse,
    shown,
    split,
    with_our_signs,
)

LONGEST_EXAMPLE = 80  # characters of what is put right

# All of these see single spaces only.
_FIELD = "(?:author|cat|about|votes) ?:"
_BEGINS_AS_FIELD = re.compile(f"-|{_FIELD}", re.IGNORECASE)
_BEFORE_FIELD = re.compile(f"(?<![,-]) (?={_FIELD})", re.IGNORECASE)
_VOTES_AGAIN = re.compile("votes ?:.* votes ?:", re.IGNORECASE)
_SENTENCE = re.compile('(about ?:) ?(?! ?")(.*)', re.IGNORECASE)
# In a sentence a colon stands after any word: “Schrödinger's cat: a study”.
_SWALLOWED = re.compile(rf"[,;] ?({_FIELD}|-[^\W\d_]).*| (votes ?: ?\d|cat:[a-z-]+\.|author:\w).*", re.IGNORECASE)
_STAR = re.compile(r"(?<=[^\W\d_][^\W\d_A-Z])\*(?!\S)")  # but A* and RRT* are names
_NOT = re.compile(r"(?:^|(?<=\S) |^(?:AND|OR) |(?<=\S) (?:AND|OR) )NOT (?=\S)")
_OR = re.compile(r"(?<=\S) (?:OR|AND(?= votes ?:)) (?=\S)")
_AND = re.compile(r"(?:^|(?<=\S) )AND (?=\S)")
_AT_END = re.compile("(?:^| )(?:AND NOT|AND|OR|NOT)$")
_LAST_NAME = re.compile("author ?: ?([^ ]+)", re.IGNORECASE)
_CATEGORY = re.compile("cat ?: ?([^ ]+)", re.IGNORECASE)


def read(text: str) -> Criteria:
    """What `grammar.parse` makes of `text`. Raises FilterError, also where that is likely not what is meant."""
    text = with_our_signs(text)
    wrong: dict[str, None] = {}
    right: list[str] = []
    terms = [" ".join(term.split()) for term in split(text)]
    check_count(terms)  # each is looked for in the whole text
    for term, following in zip_longest(terms, terms[1:], fillvalue=""):
        name = _whole_name(term, following, text)
        corrected, advice = name or _before_minus(term, following) or _put_right(term)
        right.append(corrected)
        wrong |= dict.fromkeys(advice)
    if not wrong:
        return parse(text)
    told = list(wrong)[:MOST_TOLD]
    try:
        parse("\n".join(right))
    except FilterError as error:  # who corrects one term need not find the next
        told += [message for message in error.args if message not in told]
    raise FilterError(*told)


def read_again(text: str, saved: str) -> Criteria:
    """The same where `text` differs from what is `saved`; who changes something else need not put that right."""
    return parse(text) if text.split() == saved.split() else read(text)


def _put_right(term: str) -> tuple[str, list[str]]:
    """`term` as it was likely meant, and what to tell whoever typed it; nothing where all is well."""
    if sentence := _SENTENCE.fullmatch(term):
        return _sentence(term, sentence[2])
    if '"' in term:
        return term, []
    if (category := _CATEGORY.fullmatch(term)) and not can_be_asked_for(category[1]):
        return term, [not_a_category(term)]
    corrected, advice = _without_operators(term)
    if not advice and (field := _BEFORE_FIELD.search(term)):
        corrected, advice = _with_commas(term), [_without_commas(term, term[field.end() :])]
    if _STAR.search(corrected):
        corrected = _STAR.sub("", corrected)
        advice.append(
            _("%(term)s: write whole words, without a star. Plurals are found anyway.") % {"term": shown(term)}
        )
    if advice and not _BEGINS_AS_FIELD.match(term):
        advice.append(_("If it is a phrase as it stands, put it in quotes."))
    return corrected, advice


def _whole_name(term: str, following: str, text: str) -> tuple[str, list[str]] | None:
    """What to make of `author:Wang` before `Lei`, which a comma parts from it; None of anything else."""
    last = _LAST_NAME.fullmatch(term)
    if not last or '"' in term or not _is_given_name(following):
        return None
    if not re.search(rf"{re.escape(last[1])}[^\S\n]*,[^\S\n]*{re.escape(following)}", text):
        return None  # on a line of its own
    corrected = f'author:"{last[1]}, {following}"'
    message = _(
        "%(term)s: a name with a comma goes in quotes, like %(example)s. If “%(given)s” is a phrase, put it in quotes."
    )
    told = {"term": shown(f"{term}, {following}"), "example": _example(corrected), "given": following}
    return corrected, [message % told]


def _is_given_name(term: str) -> bool:
    """Lei, Jean-Pierre, J. P.; of several words only the first is written out, or it might be any phrase."""
    first, *others = term.split() or [""]
    is_name = first.istitle() and re.sub(r"[-.]", "", first).isalpha()
    return is_name and all(re.fullmatch(r"[^\W\d_]\.?", other) for other in others)


def _before_minus(term: str, following: str) -> tuple[str, list[str]] | None:
    """What to make of `agents AND` before `-surveys`, which the minus parts into two terms; None of anything else."""
    asked = _AT_END.sub("", term)
    if asked == term or not following.startswith("-") or '"' in term or _SENTENCE.fullmatch(term):
        return None
    corrected, advice = _put_right(asked)
    if advice:
        return corrected, advice  # the rest when that is put right
    following = _AT_END.sub("", following)
    return corrected, [_or_and_not(f"{term} {following}", f"{corrected}, {following}".removeprefix(", "))]


def _without_operators(term: str) -> tuple[str, list[str]]:
    plain = _NOT.sub(lambda found: "-" if not found.start() else ", -", term)
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
    """What to tell who left out the comma before `field`."""
    if _VOTES_AGAIN.match(term):
        return once("votes", 2)
    message = _("A comma is missing before %(field)s. Write it like %(example)s.")
    return message % {"field": shown(field), "example": _example(_with_commas(term))}


def _with_commas(term: str) -> str:
    return _BEFORE_FIELD.sub(", ", term)


def _sentence(term: str, said: str) -> tuple[str, list[str]]:
    """A sentence goes to the end of its line, whatever stands there."""
    swallowed = _SWALLOWED.search(said)
    if not swallowed:
        return term, []
    rest = swallowed[0].lstrip(",; ")
    if rest.lower().startswith("about"):
        message = _(
            "A filter has one sentence, and %(text)s would be part of it. Say both in one sentence, "
            "or write one as a phrase."
        )
        return f'about:"{said}"', [message % {"text": shown(rest)}]
    said = said[: swallowed.start()].replace('"', " ")
    message = _("A sentence goes to the end of the line. Put it in quotes, like %(example)s.")
    return f'about:"{said}", {rest}', [message % {"example": f'about:"{_cut(said, 40)}", {_cut(rest, 40)}'}]


def _example(text: str) -> str:
    return _cut(text, LONGEST_EXAMPLE)


def _cut(text: str, most: int) -> str:
    return f"{text[:most]}…" if len(text) > most else text
