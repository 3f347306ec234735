"""What a reader typed, and what it asks for. Pure: no models, no clock, no network.

The grammar, the same wherever readers type words (the form, the search box, the API):

    diffusion models, memory for agents     any of these: in a row; three words or more also apart, and in meaning
    "chain of thought"                      these words in a row, and nothing else
    about: how an assistant can remember    one sentence in plain words, to the end of the line or in quotes:
                                            papers close to it in meaning
    author:Yann LeCun                       papers by this author, also as Y. LeCun or "LeCun, Yann"
    cat:cs.CL   cat:cs.*                    papers of this arXiv category, or of all below it
    -medical imaging                        never papers with this phrase
    votes:20                                only papers with 20 votes or more

Terms are separated by commas, semicolons or line ends; before a minus and a letter a space is enough. Quotes keep a
comma inside a phrase. Signs may be written as keyboards and languages have them: “…”, «…», a dash for the minus,
full-width ones.
"""

import re
from collections.abc import Sized
from typing import NamedTuple

from django.utils.translation import gettext as _

MAX_TERMS = 50
MOST_TOLD = 5  # of the terms that can't be read
MAX_TERM_LENGTH = 100  # characters
MAX_SENTENCE_LENGTH = 300
MAX_VOTES = 100_000

SIGNS = str.maketrans("“”„‟«»＂，、；：－", '"' * 7 + ",,;:-")
_DASH = re.compile(r'(?<![^,;\n])(\s*+)[–—−](?=[\w"])')  # where a term begins, and no item of a list
CATEGORY = re.compile(r"[a-z]+(-[a-z]+)*(\.([a-z]+(-[a-z]+)*|\*))?", re.IGNORECASE | re.ASCII)
_EXCLUDES = r'-[^\W\d_]|-"'  # where a space before it ends a term
# Possessive, for nothing here needs a second try: going back over 2000 spaces would take a minute.
_TERM = re.compile(
    rf"""\s*+(
        [Aa][Bb][Oo][Uu][Tt]\s*+:(?![^\S\n]*+")[^\n]*+      # a sentence, to the end of the line
      | -?\s*+(?:[A-Za-z]++\s*+:\s*+)?"[^"]*+"              # quoted
      | (?:[^,;"\s]|[^\S\n](?!{_EXCLUDES}))*+
    )[^\S\n]*+(?:[,;\n]|\Z|(?<=\s)(?={_EXCLUDES}))""",
    re.VERBOSE,
)
_QUOTED_AND_MORE = re.compile(r'\s*+-?\s*+(?:[A-Za-z]++\s*+:\s*+)?"[^"\n]*+"(?=[^\S\n]++\S)')
_EXCLUDES_A_FIELD = re.compile(r"-\s*(author|cat|about|votes)\s*:", re.IGNORECASE)


class FilterError(ValueError):
    """What was typed can't be read; each of `args` says what, and how to write it, in the reader's language."""

    def __str__(self) -> str:
        return " ".join(self.args)


class Criteria(NamedTuple):
    """What one filter asks for: any of phrases, quoted ones, authors, categories, or the sentence.

    Never one with an exclusion, nor with fewer votes than `min_votes`; which alone asks for all that have as many.
    """

    phrases: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    sentence: str = ""
    min_votes: int = 0

    @property
    def wants_something(self) -> bool:
        return bool(self.phrases or self.authors or self.categories or self.quoted or self.sentence or self.min_votes)

    @property
    def wants_votes_alone(self) -> bool:
        """Whether nothing but a number of votes is asked for."""
        return bool(self.min_votes) and not self._replace(min_votes=0).wants_something

    @property
    def is_of_phrases(self) -> bool:
        """Whether it is nothing but phrases, of which any is enough."""
        return not (self.authors or self.categories or self.exclusions or self.sentence or self.min_votes)


def parse(text: str) -> Criteria:
    """Read `text` by the grammar above. Raises FilterError."""
    text = with_our_signs(text)
    if phrases := _plain_phrases(text):
        return Criteria(phrases=phrases)
    terms = split(text)
    check_count(terms)
    # Dictionaries keep the order, and each value once.
    found: dict[str, dict[str, None]] = {}
    wrong: dict[str, None] = {}
    for term in terms:
        try:
            kind, value = _classify(term)
        except FilterError as error:
            wrong |= dict.fromkeys(error.args)
        else:
            found.setdefault(kind, {})[value] = None
    if wrong:  # all of it: who corrects one term need not find the next
        raise FilterError(*list(wrong)[:MOST_TOLD])
    return Criteria(
        phrases=tuple(found.get("phrases", ())),
        authors=tuple(found.get("authors", ())),
        categories=tuple(found.get("categories", ())),
        exclusions=tuple(found.get("exclusions", ())),
        quoted=tuple(found.get("quoted", ())),
        sentence=_only("about", found),
        min_votes=int(_only("votes", found) or 0),
    )


def _plain_phrases(text: str) -> tuple[str, ...]:
    """The phrases of a text that holds nothing else, as most do; nothing where it must be read term by term."""
    text = text.replace(";", ",").replace("\n", ",")
    if _has_signs(text):
        return ()
    phrases = [phrase for part in text.split(",") if (phrase := part.strip())]
    are_few = len(phrases) <= MAX_TERMS and max(map(len, phrases), default=0) <= MAX_TERM_LENGTH
    begin_with_a_word = "".join([phrase[0] for phrase in phrases]).isalnum()
    return tuple(dict.fromkeys(phrases)) if are_few and begin_with_a_word else ()


def _has_signs(text: str) -> bool:
    """Whether there is more to `text` than words with single spaces between them, and commas."""
    return ":" in text or '"' in text or " -" in text or "  " in text or not text.isprintable()


def write(criteria: Criteria) -> str:
    """The text that `parse` reads as `criteria`."""
    return ", ".join(
        [_plain(phrase) for phrase in criteria.phrases]
        + [f'"{_without_quotes(phrase)}"' for phrase in criteria.quoted]
        + [f"author:{_quote(author)}" for author in criteria.authors]
        + [f"cat:{category}" for category in criteria.categories]
        + [f"-{_quote(phrase)}" for phrase in criteria.exclusions]
        + [f"votes:{criteria.min_votes}"] * bool(criteria.min_votes)
        + [f'about:"{_without_quotes(criteria.sentence)}"'] * bool(criteria.sentence)
    )


def with_our_signs(text: str) -> str:
    """`text` with the signs of the grammar for those that other keyboards and languages have."""
    return text if text.isascii() else _DASH.sub(r"\1-", text.translate(SIGNS))


def split(text: str) -> list[str]:
    """The terms of `text`, one by one. Raises FilterError for quotes that don't enclose one."""
    terms, at = [], 0
    while at < len(text):
        found = _TERM.match(text, at)
        if not found:
            raise FilterError(_of_quotes(text[at:]))
        if found[1].strip():
            terms.append(found[1].strip())
        at = found.end()
    return terms


def check_count(terms: Sized) -> None:
    """Raise FilterError if there are more terms than one filter can hold."""
    if len(terms) > MAX_TERMS:
        message = _("That is %(count)d terms; %(most)d are the most one filter can hold.")
        raise FilterError(message % {"count": len(terms), "most": MAX_TERMS})


def _of_quotes(text: str) -> str:
    """What is wrong with the quotes at the beginning of `text`."""
    if enclosed := _QUOTED_AND_MORE.match(text):
        return _("A comma is missing after %(term)s.") % {"term": shown(enclosed[0])}
    message = _("Near %(text)s: quotes must open and close around a whole phrase: %(example)s.")
    return message % {"text": shown(text), "example": '"chain of thought"'}


def _classify(term: str) -> tuple[str, str]:
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
    if read := _FIELDS.get(prefix.rstrip().lower()):
        kind, reader = read
        return kind, reader(rest, term)
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
    value = " ".join(value.replace('"', " ").split())
    if not any(map(str.isalnum, value)):
        message = _("%(term)s has no word in it. Write it like diffusion models, -surveys or author:Yann LeCun.")
        raise FilterError(message % {"term": shown(term)})
    if len(value) > longest:
        is_sentence = longest == MAX_SENTENCE_LENGTH
        advice = (
            _("%(text)s is longer than %(most)d characters. Say it in fewer words.")
            if is_sentence
            else _("%(text)s is longer than %(most)d characters. Separate phrases with commas.")
        )
        raise FilterError(advice % {"text": shown(value), "most": longest})
    return value


def _sentence(value: str, term: str) -> str:
    if not any(map(str.isalnum, value)):
        raise FilterError(
            _("%(term)s has no sentence in it. Write it like about: how an assistant can remember.")
            % {"term": shown(term)}
        )
    return _clean(value, term, MAX_SENTENCE_LENGTH)


def _category(value: str, term: str) -> str:
    value = value.strip().strip('"').strip()
    if not CATEGORY.fullmatch(value):
        raise FilterError(not_a_category(term))
    return value


def not_a_category(term: str) -> str:
    """What to tell who wrote a category that can't be."""
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


def once(name: str, count: int) -> str:
    """What to tell who wrote a field `count` times that can stand once."""
    message = _("“%(name)s:” can stand once in a filter, and is there %(count)d times. Keep one of them.")
    return message % {"name": name, "count": count}


def _only(name: str, found: dict[str, dict[str, None]]) -> str:
    """The one value of a field that stands once in a filter."""
    values = list(found.get(name, ()))
    if len(values) > 1:
        raise FilterError(once(name, len(values)))
    return values[0] if values else ""


_FIELDS = {
    "author": ("authors", _clean),
    "cat": ("categories", _category),
    "about": ("about", _sentence),
    "votes": ("votes", _votes),
}


def _plain(phrase: str) -> str:
    """`phrase` as it is, unless it would be read as something else."""
    phrase = _without_quotes(phrase)
    try:
        is_plain = split(with_our_signs(phrase)) == [phrase] and _classify(phrase) == ("phrases", phrase)
    except FilterError:
        is_plain = False
    return phrase if is_plain else f'"{phrase}"'


def _quote(value: str) -> str:
    """`value` in quotes, where it needs them to be read as one phrase."""
    value = _without_quotes(value)
    is_plain = re.fullmatch(r"[^,;\n\":–—−-][^,;\n\":]*", value) and not _has_signs(value)
    return value if is_plain else f'"{value}"'


def _without_quotes(value: str) -> str:
    """As it can stand in quotes: what comes from a title may have its own."""
    return " ".join(value.translate(SIGNS).replace('"', " ").split())


def shown(text: str) -> str:
    """`text` as a message names it: in quotes, and no more than its beginning."""
    text = " ".join(text.split())
    return _("“%(term)s”") % {"term": f"{text[:40]}…" if len(text) > 40 else text}
