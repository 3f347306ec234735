"""What a reader typed, and what it asks for. Pure: no models, no clock, no network.

The grammar, the same wherever readers type words:

    diffusion models, "chain of thought"    any of these phrases
    -medical imaging                        never papers with this phrase
    author:Yann LeCun                       papers by this author
    cat:cs.CL   cat:cs.*                    papers of this arXiv category, or of all below it

Terms are separated by commas, semicolons or line ends. Quotes keep a comma inside a phrase.
"""

import re
from dataclasses import dataclass

MAX_TERMS = 50
MAX_TERM_LENGTH = 100  # characters

CATEGORY = re.compile(r"[a-z]+(-[a-z]+)*(\.([a-z]+(-[a-z]+)*|\*))?", re.IGNORECASE | re.ASCII)
# Possessive, for nothing here needs a second try: going back over 2000 spaces would take a minute.
_TERM = re.compile(r'\s*+(-?\s*+(?:[A-Za-z]++:\s*+)?"[^"]*+"|[^,;\n"]*+)[^\S\n]*+(?:[,;\n]|\Z)')
_EXCLUDES_A_FIELD = re.compile(r"-\s*(author|cat)\s*:", re.IGNORECASE)


class FilterError(ValueError):
    """What was typed can't be read; the message says what, and how to write it."""


@dataclass(frozen=True)
class Criteria:
    """What one filter asks for: any of phrases, authors, categories; none of the exclusions."""

    phrases: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()

    @property
    def wants_something(self) -> bool:
        return bool(self.phrases or self.authors or self.categories)


def parse(text: str) -> Criteria:
    """Read `text` by the grammar above. Raises FilterError."""
    terms = _split(text)
    if len(terms) > MAX_TERMS:
        raise FilterError(f"That is {len(terms)} terms; {MAX_TERMS} are the most one filter can hold.")
    found: dict[str, list[str]] = {"phrases": [], "authors": [], "categories": [], "exclusions": []}
    for term in terms:
        kind, value = _classify(term)
        if value not in found[kind]:
            found[kind].append(value)
    return Criteria(**{kind: tuple(values) for kind, values in found.items()})


def write(criteria: Criteria) -> str:
    """The text that `parse` reads as `criteria`."""
    return ", ".join(
        [_quote(p) for p in criteria.phrases]
        + [f"author:{_quote(a)}" for a in criteria.authors]
        + [f"cat:{c}" for c in criteria.categories]
        + [f"-{_quote(e)}" for e in criteria.exclusions]
    )


def _split(text: str) -> list[str]:
    terms, at = [], 0
    while at < len(text):
        found = _TERM.match(text, at)
        if not found:
            raise FilterError(
                f'Near {_shown(text[at:])}: quotes must open and close around a whole phrase: "chain of thought".'
            )
        if found[1].strip():
            terms.append(found[1].strip())
        at = found.end()
    return terms


def _classify(term: str) -> tuple[str, str]:
    if _EXCLUDES_A_FIELD.match(term):
        raise FilterError(f"{_shown(term)} can't be left out: a minus works with phrases only, as in -medical imaging.")
    if term.startswith("-"):
        return "exclusions", _clean(term[1:], term)
    prefix, colon, rest = term.partition(":")
    if colon and prefix.lower() == "author":
        return "authors", _clean(rest, term)
    if colon and prefix.lower() == "cat":
        return "categories", _category(rest, term)
    if colon and prefix.isalpha() and rest and not rest[0].isspace():
        raise FilterError(f"“{prefix}:” is not known. Write author:Name, cat:cs.CL, or put the phrase in quotes.")
    return "phrases", _clean(term, term)


def _clean(value: str, term: str) -> str:
    value = " ".join(value.replace('"', " ").split())
    if not any(character.isalnum() for character in value):
        raise FilterError(
            f"{_shown(term)} has no word in it. Write it like diffusion models, -surveys or author:Yann LeCun."
        )
    if len(value) > MAX_TERM_LENGTH:
        raise FilterError(f"{_shown(value)} is longer than {MAX_TERM_LENGTH} characters. Separate phrases with commas.")
    return value


def _category(value: str, term: str) -> str:
    value = value.strip().strip('"').strip()
    if not CATEGORY.fullmatch(value):
        raise FilterError(
            f"{_shown(term)} is not an arXiv category. Write it like cat:cs.CL, or cat:cs.* for all of cs."
        )
    return value


def _quote(value: str) -> str:
    plain = re.fullmatch(r"[^,;\n\":-][^,;\n\":]*", value)
    return value if plain else f'"{value}"'


def _shown(text: str) -> str:
    text = " ".join(text.split())
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"
