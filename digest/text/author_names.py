"""Authors' names: lists split into names, and names split into parts. Pure.

Each source separates and writes names in its own way, so each has a function of its own here.
"""

import re
from typing import NamedTuple

from digest.text.cleanup import clean
from digest.text.latex import from_tex

_SUFFIX = re.compile(r"(jr|sr|ii|iii|iv)\.?", re.IGNORECASE)
_PARTICLE = re.compile(
    "al|ben|bin|da|das|de|dei|del|della|den|der|di|dos|du|el|la|le|ter|van|vom|von|zu|zur", re.IGNORECASE
)
_GROUP = re.compile("team|group|collaboration|consortium|project|initiative|labs?|ai", re.IGNORECASE)
_INITIALS = re.compile(r"(?:\w\.[ -]?)+,?")
_BIBTEX_AND = re.compile(r"(?<=\s)and(?=\s)")  # looks at one space only, because a run of spaces may have any length
_ARXIV_SEPARATOR = re.compile(r"[,;]|\s+and\s+")
_ARXIV_SUFFIX = re.compile(r"(?:[JS]r\.?|I{2,3}|IV)")  # case matters: Ii is a last name
_PARENTHESES = re.compile(r"\([^()]*\)")
_DEEPEST = 4  # nested parentheses


class AuthorName(NamedTuple):
    """The parts of an author's name. A group, or an author with one name, only has a `last` name."""

    last: str
    given: str = ""
    suffix: str = ""

    @property
    def sorted(self) -> str:
        """The name with the last name first, as BibTeX and RIS read it: Lovelace, Ada."""
        return ", ".join(part for part in (self.last, self.given, self.suffix) if part)


def split_name(name: str) -> AuthorName:
    """Return the parts of a name: Ada Lovelace; Lovelace, Ada; Ludwig van Beethoven; Sammy Davis Jr."""
    name = clean(name)
    if "," in name:
        last, given, *more = [part.strip() for part in name.split(",")]
        return AuthorName(last, "", given) if _SUFFIX.fullmatch(given) else AuthorName(last, given, " ".join(more))
    words = name.split()
    if len(words) < 2 or _GROUP.fullmatch(words[-1]):
        return AuthorName(name)
    suffix = words.pop() if len(words) > 2 and _SUFFIX.fullmatch(words[-1]) else ""
    begins = len(words) - 1
    while begins > 1 and _PARTICLE.fullmatch(words[begins - 1]):
        begins -= 1
    return AuthorName(" ".join(words[begins:]), " ".join(words[:begins]), suffix)


def given_names_first(name: str) -> str:
    """Return `name` with the last name at the end: Ada Lovelace for "Lovelace, Ada"."""
    last, comma, given = name.partition(",")
    return f"{given} {last}" if comma else name


def last_name(name: str) -> str:
    """Return what precedes the comma, or else the last word. The fingerprints of stored papers contain it."""
    return name.partition(",")[0] if "," in name else name.rpartition(" ")[2]


def split_list(names: str) -> list[str]:
    """Return the authors in a feed's text: `A B, C D`, `B, A.; D, C.` or `B, A., D, C. E.` (commas with two roles)."""
    if ";" in names:
        return [name.strip() for name in names.split(";") if name.strip()]
    parts = [part.strip() for part in names.split(", ") if part.strip()]
    if len(parts) % 2 == 0 and all(_INITIALS.fullmatch(part) for part in parts[1::2]):
        return [f"{last}, {initials}" for last, initials in zip(parts[::2], parts[1::2], strict=True)]
    return parts if all(" " in part for part in parts) else [names] if names else []


def split_bibtex_list(names: str) -> list[str]:
    """Return the authors in a BibTeX field, separated by `and`, without TeX and braces."""
    return [clean(from_tex(name)).replace("{", "").replace("}", "") for name in _BIBTEX_AND.split(names)]


def split_arxiv_feed_list(names: str) -> list[str]:
    """Return the authors in arXiv's feed, with affiliations: "Name (Institute (Group), City)" is one author."""
    authors: list[str] = []
    depth = 0
    for part in names.split(", "):
        if depth > 0:
            authors[-1] += f", {part}"
        else:
            authors.append(part)
        depth += part.count("(") - part.count(")")
    return list(filter(None, map(clean, authors)))


def split_arxiv_raw_list(names: str) -> list[str]:
    """Return the authors in arXiv's metadata, "A (1), B Jr. (1 and 2) and C ((1) Institute)", without affiliations."""
    for _ in range(_DEEPEST):
        names = _PARENTHESES.sub(" ", names)
    authors: list[str] = []
    for part in filter(None, map(from_tex, _ARXIV_SEPARATOR.split(names))):
        if authors and _ARXIV_SUFFIX.fullmatch(part):
            authors[-1] += f", {part}"
        else:
            authors.append(part)
    return authors
