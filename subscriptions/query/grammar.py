"""The grammar of the query language: `parse` reads a text as Criteria, and `write` does the reverse. Pure.

`examples.py` lists the kinds of terms, and docs/query-language.md describes them. In short: a list of terms, separated
by commas, semicolons or line ends, and each is

    [-] phrase        words, or words in quotes; a space is enough before a minus and a letter
    field: value      author:, cat:, votes: or about: with a sentence to the end of the line or in quotes

A new kind of term is a field of Criteria. `digest.matching.scoring` then matches it, and `digest.search.paper_search`
finds candidates for it.
"""

import re
from collections.abc import Sized
from typing import NamedTuple

from django.utils.translation import gettext as _

MAX_TERMS = 50
MAX_MESSAGES = 5  # about terms that can't be read
MAX_TERM_LENGTH = 100  # characters
MAX_SENTENCE_LENGTH = 1_000  # characters
MAX_VOTES = 100_000

SIGNS = str.maketrans("“”„‟«»＂，、；：－", '"' * 7 + ",,;:-")
_DASH = re.compile(r'(?<![^,;\n])(\s*+)[–—−](?=[\w"])')  # at the start of a term, unless it marks a list item
CATEGORY = re.compile(r"[a-z]+(-[a-z]+)*(\.([a-z]+(-[a-z]+)*|\*))?", re.IGNORECASE | re.ASCII)
_EXCLUDES = r'-[^\W\d_]|-"'  # after a space, this begins a new term
# Possessive quantifiers, because backtracking over 2,000 spaces would take a minute.
_TERM = re.compile(
    rf"""\s*+(
        [Aa][Bb][Oo][Uu][Tt]\s*+:(?![^\S\n]*+")[^\n]*+      # a sentence, to the end of the line
      | -?\s*+(?:[A-Za-z]++\s*+:\s*+)?"[^"]*+"              # quoted
      | (?:[^,;"\s]|[^\S\n](?!{_EXCLUDES}))*+
    )[^\S\n]*+(?:[,;\n]|\Z|(?<=\s)(?={_EXCLUDES}))""",
    re.VERBOSE,
)
_QUOTED_AND_MORE = re.compile(r'\s*+-?\s*+(?:[A-Za-z]++\s*+:\s*+)?"[^"\n]*+"(?=[^\S\n]++\S)')


class FilterError(ValueError):
    """A text that can't be read. Each of `args` says what is wrong and how to write it, in the reader's language."""

    def __str__(self) -> str:
        return " ".join(self.args)


class Criteria(NamedTuple):
    """The terms of one filter. A paper matches any of phrases, quoted phrases, authors, categories or the sentence.

    A paper with an exclusion or with fewer than `min_votes` votes never matches. If `min_votes` is the only term, every
    paper with that many votes matches. The `ignored` words are those that matching must not look for in addition.
    """

    phrases: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    sentence: str = ""
    min_votes: int = 0
    ignored: tuple[str, ...] = ()

    @property
    def wants_something(self) -> bool:
        """Return whether there is any term besides exclusions."""
        return bool(self.phrases or self.authors or self.categories or self.quoted or self.sentence or self.min_votes)

    @property
    def wants_votes_alone(self) -> bool:
        """Return whether a number of votes is the only term besides exclusions."""
        return bool(self.min_votes) and not self._replace(min_votes=0).wants_something

    @property
    def has_only_phrases(self) -> bool:
        """Return whether there are only phrases, quoted or not."""
        return not (
            self.authors or self.categories or self.exclusions or self.sentence or self.min_votes or self.ignored
        )


def parse(text: str) -> Criteria:
    """Return the criteria in `text`. Raise FilterError with up to MAX_MESSAGES messages if it can't be read."""
    text = normalize_signs(text)
    if phrases := _plain_phrases(text):
        return Criteria(phrases=phrases)
    terms = split(text)
    check_count(terms)
    # Dictionaries as ordered sets.
    values: dict[str, dict[str, None]] = {}
    messages: dict[str, None] = {}
    for term in terms:
        try:
            kind, value = _classify(term)
        except FilterError as error:
            messages |= dict.fromkeys(error.args)
        else:
            values.setdefault(kind, {})[value] = None
    if messages:  # all at once, so that a reader need not correct one term to see the next
        raise FilterError(*list(messages)[:MAX_MESSAGES])
    return Criteria(
        phrases=tuple(values.get("phrases", ())),
        authors=tuple(values.get("authors", ())),
        categories=tuple(values.get("categories", ())),
        exclusions=tuple(values.get("exclusions", ())),
        quoted=tuple(values.get("quoted", ())),
        sentence=_single("about", values),
        min_votes=int(_single("votes", values) or 0),
        ignored=tuple(values.get("ignored", ())),
    )


def _plain_phrases(text: str) -> tuple[str, ...]:
    """Return the phrases of a text that holds only phrases, which most do; else (). It skips the slow path."""
    text = text.replace(";", ",").replace("\n", ",")
    if _has_signs(text):
        return ()
    phrases = [phrase for part in text.split(",") if (phrase := part.strip())]
    are_few = len(phrases) <= MAX_TERMS and max(map(len, phrases), default=0) <= MAX_TERM_LENGTH
    begin_with_a_word = "".join([phrase[0] for phrase in phrases]).isalnum()
    return tuple(dict.fromkeys(phrases)) if are_few and begin_with_a_word else ()


def _has_signs(text: str) -> bool:
    """Return whether `text` has more than words, single spaces and commas."""
    return ":" in text or '"' in text or " -" in text or "  " in text or not text.isprintable()


def write(criteria: Criteria) -> str:
    """Return a text that `parse` reads as `criteria`."""
    return ", ".join(
        [_plain(phrase) for phrase in criteria.phrases]
        + [f'"{_without_quotes(phrase)}"' for phrase in criteria.quoted]
        + [f"author:{_quote(author)}" for author in criteria.authors]
        + [f"cat:{category}" for category in criteria.categories]
        + [f"-{_quote(phrase)}" for phrase in criteria.exclusions]
        + [f"ignore:{_quote(word)}" for word in criteria.ignored]
        + [f"votes:{criteria.min_votes}"] * bool(criteria.min_votes)
        + [f'about:"{_without_quotes(criteria.sentence)}"'] * bool(criteria.sentence)
    )


def normalize_signs(text: str) -> str:
    """Replace quotes, commas, dashes and colons of other keyboards and languages with those of the grammar."""
    return text if text.isascii() else _DASH.sub(r"\1-", text.translate(SIGNS))


def split(text: str) -> list[str]:
    """Return the terms of `text`. Raise FilterError if quotes don't enclose a whole term."""
    terms, position = [], 0
    while position < len(text):
        match = _TERM.match(text, position)
        if not match:
            raise FilterError(_quotes_message(text[position:]))
        if match[1].strip():
            terms.append(match[1].strip())
        position = match.end()
    return terms


def check_count(terms: Sized) -> None:
    """Raise FilterError if there are more than MAX_TERMS terms."""
    if len(terms) > MAX_TERMS:
        message = _("That is %(count)d terms; a filter can have at most %(most)d.")
        raise FilterError(message % {"count": len(terms), "most": MAX_TERMS})


def _quotes_message(text: str) -> str:
    """Return what is wrong with the quotes at the beginning of `text`."""
    if enclosed := _QUOTED_AND_MORE.match(text):
        return _("A comma is missing after %(term)s.") % {"term": shown(enclosed[0])}
    message = _("Near %(text)s: quotes must open and close around a whole phrase: %(example)s.")
    return message % {"text": shown(text), "example": '"chain of thought"'}


def _classify(term: str) -> tuple[str, str]:
    """Return the kind and the value of a term. Raise FilterError if it can't be read."""
    if ":" not in term and '"' not in term and term[0] != "-":
        return "phrases", _clean(term, term)
    if _EXCLUDES_A_FIELD.match(term):
        message = _("%(term)s can't be left out: a minus works with phrases only, as in -medical imaging.")
        raise FilterError(message % {"term": shown(term)})
    if term.startswith("-"):
        return "exclusions", _clean(term[1:], term)
    if term.startswith('"'):
        return "quoted", _clean(term, term)
    prefix, _colon, rest = term.partition(":")
    if field := _FIELDS.get(prefix.rstrip().lower()):
        kind, read_value = field
        return kind, read_value(rest, term)
    if prefix.isalpha() and rest and not rest[0].isspace():
        raise FilterError(
            _(
                "“%(prefix)s:” is not known. Write author:Name, cat:cs.CL, votes:20, about: with a sentence, "
                "or put the phrase in quotes."
            )
            % {"prefix": prefix}
        )
    return "quoted" if '"' in term else "phrases", _clean(term, term)


def _clean(value: str, term: str, longest: int = MAX_TERM_LENGTH) -> str:
    """Return `value` with single spaces and without quotes. Raise FilterError if it is empty or too long."""
    value = " ".join(value.replace('"', " ").split())
    if not any(map(str.isalnum, value)):
        message = _("%(term)s contains no word. Write it like diffusion models, -surveys or author:Yann LeCun.")
        raise FilterError(message % {"term": shown(term)})
    if len(value) > longest:
        is_sentence = longest == MAX_SENTENCE_LENGTH
        advice = (
            _("%(text)s is longer than %(most)d characters. Use fewer words.")
            if is_sentence
            else _("%(text)s is longer than %(most)d characters. Separate phrases with commas.")
        )
        raise FilterError(advice % {"text": shown(value), "most": longest})
    return value


def _sentence(value: str, term: str) -> str:
    if not any(map(str.isalnum, value)):
        raise FilterError(
            _("%(term)s contains no sentence. Write it like about: how an assistant can remember.")
            % {"term": shown(term)}
        )
    return _clean(value, term, MAX_SENTENCE_LENGTH)


def _category(value: str, term: str) -> str:
    value = value.strip().strip('"').strip()
    if not CATEGORY.fullmatch(value):
        raise FilterError(unknown_category_message(term))
    return value


def unknown_category_message(term: str) -> str:
    """Return the error message for a category that can't exist."""
    message = _("%(term)s is not an arXiv category. Write it like cat:cs.CL, or cat:cs.* for all of cs.")
    return message % {"term": shown(term)}


def _votes(value: str, term: str) -> str:
    value = value.strip().strip('"').strip()
    if not (re.fullmatch("[0-9]{1,9}", value) and 1 <= int(value) <= MAX_VOTES):
        raise FilterError(
            _("%(term)s is not a number of votes. Write it like votes:20, from 1 to %(most)d.")
            % {"term": shown(term), "most": MAX_VOTES}
        )
    return str(int(value))


def repeated_field_message(name: str, count: int) -> str:
    """Return the error message for a field that a filter has `count` times and may have once."""
    message = _("“%(name)s:” can appear once in a filter, but is there %(count)d times. Keep one of them.")
    return message % {"name": name, "count": count}


def _single(name: str, values: dict[str, dict[str, None]]) -> str:
    """Return the value of a field that a filter may have once, or "". Raise FilterError if there are more."""
    given = list(values.get(name, ()))
    if len(given) > 1:
        raise FilterError(repeated_field_message(name, len(given)))
    return given[0] if given else ""


# The field's name, the kind of term that it makes, and the function that reads its value.
_FIELDS = {
    "author": ("authors", _clean),
    "cat": ("categories", _category),
    "about": ("about", _sentence),
    "votes": ("votes", _votes),
    "ignore": ("ignored", lambda value, term: _clean(value, term)),
}
FIELD = f"(?:{'|'.join(_FIELDS)})"  # a regular expression for the name of any field
_EXCLUDES_A_FIELD = re.compile(rf"-\s*{FIELD}\s*:", re.IGNORECASE)


def _plain(phrase: str) -> str:
    """Return `phrase`, in quotes only if it would be read as something else."""
    phrase = _without_quotes(phrase)
    try:
        is_plain = split(normalize_signs(phrase)) == [phrase] and _classify(phrase) == ("phrases", phrase)
    except FilterError:
        is_plain = False
    return phrase if is_plain else f'"{phrase}"'


def _quote(value: str) -> str:
    """Return `value`, in quotes if it needs them to be read as one phrase."""
    value = _without_quotes(value)
    is_plain = re.fullmatch(r"[^,;\n\":–—−-][^,;\n\":]*", value) and not _has_signs(value)
    return value if is_plain else f'"{value}"'


def _without_quotes(value: str) -> str:
    """Return `value` ready to be quoted: a paper's title may contain quotes."""
    return " ".join(value.translate(SIGNS).replace('"', " ").split())


def shown(text: str) -> str:
    """Return `text` in quotes for a message, cut to 40 characters."""
    text = " ".join(text.split())
    return _("“%(term)s”") % {"term": f"{text[:40]}…" if len(text) > 40 else text}
