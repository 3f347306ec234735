"""References to papers for other software: BibTeX and RIS. Pure.

The BibTeX works in biber and in the classic bibtex: it is UTF-8, special characters of TeX are escaped, and braces are
always balanced. RIS has one value per line, and lines end with CR LF.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Protocol

from digest.matching import PaperText
from digest.paper_keys import arxiv_number, is_at_arxiv
from digest.text.author_names import AuthorName, split_name
from digest.text.cleanup import clean
from digest.text.stop_words import TITLE_STOP_WORDS
from subscriptions.query.arxiv_categories import CATEGORIES

BIBTEX_TYPE = "application/x-bibtex; charset=utf-8"
RIS_TYPE = "application/x-research-info-systems; charset=utf-8"

# A brace counts in BibTeX even behind a backslash.
_TEX = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
}  # fmt: skip
_IN_ADDRESS = {"\\": "%5C", "{": "%7B", "}": "%7D", " ": "%20"}
_AND = re.compile(r"\band\b")
_SPECIAL = re.compile(r"[\\{}~^$&%#_]")


class Citable(PaperText, Protocol):
    """The parts of a paper that a reference needs."""

    @property
    def url(self) -> str: ...
    @property
    def doi(self) -> str: ...
    @property
    def published_on(self) -> dt.date | None: ...


def bibtex(papers: Iterable[Citable], *, is_short: bool = False) -> str:
    """Return one entry per paper, with unique keys such as lovelace2026analytical.

    Short entries have no keywords and no abstract.
    """
    entries, taken = [], dict[str, int]()
    for paper in papers:
        key = _unique(citation_key(paper), taken)
        fields = "".join(f"  {name} = {value},\n" for name, value in _bibtex_fields(paper, is_short=is_short))
        entries.append(f"@misc{{{key},\n{fields}}}\n")
    return "\n".join(entries)


def ris(papers: Iterable[Citable]) -> str:
    """Return one record per paper."""
    return "".join(f"{tag}  - {value}\r\n" for paper in papers for tag, value in _ris_lines(paper))


def citation_key(paper: Citable) -> str:
    """Return the first author's last name, the year and the title's first significant word: lovelace2026analytical."""
    author = split_name(paper.authors[0]).last if paper.authors else ""
    year = str(paper.published_on.year) if paper.published_on else ""
    words = [word for word in _ascii(paper.title).split() if word not in TITLE_STOP_WORDS]
    return "".join([_ascii(author).replace(" ", ""), year, *words[:1]]) or "paper"


def _bibtex_fields(paper: Citable, *, is_short: bool) -> Iterator[tuple[str, str]]:
    yield "title", f"{{{_protect_capitals(clean(paper.title))}}}"
    if paper.authors:
        yield "author", f"{{{' and '.join(_bibtex_name(split_name(name)) for name in paper.authors)}}}"
    if paper.published_on:
        yield "year", f"{{{paper.published_on.year}}}"
        yield "month", f"{paper.published_on:%b}".lower()
    if is_at_arxiv(paper.key):
        yield "eprint", f"{{{arxiv_number(paper.key)}}}"
        yield "archiveprefix", "{arXiv}"
        if primary := next((category for category in paper.categories if category in CATEGORIES), ""):
            yield "primaryclass", f"{{{_tex(primary)}}}"
    if paper.doi:
        yield "doi", f"{{{_verbatim(paper.doi)}}}"
    yield "url", f"{{{_verbatim(paper.url)}}}"
    if is_short:
        return
    if paper.keywords:
        yield "keywords", f"{{{', '.join(_tex(clean(keyword)) for keyword in paper.keywords)}}}"
    if paper.abstract:
        yield "abstract", f"{{{_tex(clean(paper.abstract))}}}"


def _ris_lines(paper: Citable) -> Iterator[tuple[str, str]]:
    yield "TY", "UNPB" if is_at_arxiv(paper.key) else "JOUR"
    yield "TI", clean(paper.title)
    yield from (("AU", split_name(name).sorted) for name in paper.authors)
    if paper.published_on:
        yield "PY", str(paper.published_on.year)
        yield "DA", f"{paper.published_on:%Y/%m/%d}"
    if is_at_arxiv(paper.key):
        yield "PB", "arXiv"
        yield "AN", f"arXiv:{arxiv_number(paper.key)}"
    if paper.doi:
        yield "DO", clean(paper.doi)
    yield "UR", clean(paper.url)
    yield from (("KW", clean(keyword)) for keyword in (*paper.keywords, *paper.categories))
    if paper.abstract:
        yield "AB", clean(paper.abstract)
    yield "ER", ""


def _bibtex_name(name: AuthorName) -> str:
    """Return the name as BibTeX reads it: “Last, Suffix, Given”, and a group's name in braces.

    BibTeX separates authors by `and`, and the parts of a name by commas and spaces.
    """
    parts = [_tex(part) for part in (name.last, name.suffix, name.given) if part]
    is_group = not name.given and " " in name.last
    return f"{{{parts[0]}}}" if is_group else ", ".join(_AND.sub("{and}", part) for part in parts)


def _protect_capitals(title: str) -> str:
    """Put words such as BERT and GPT-4o in braces, because styles set titles in lower case."""
    return " ".join(f"{{{_tex(word)}}}" if _has_inner_capital(word) else _tex(word) for word in title.split())


def _has_inner_capital(word: str) -> bool:
    if word[1:].islower():
        return False
    letters = [character for character in word if character.isalpha()]
    return any(character.isupper() for character in letters[1:])


def _tex(text: str) -> str:
    return _SPECIAL.sub(lambda found: _TEX[found[0]], text)


def _verbatim(address: str) -> str:
    """Return an address with only those characters escaped that BibTeX does not take verbatim."""
    return "".join(_IN_ADDRESS.get(character, character) for character in clean(address))


def _ascii(text: str) -> str:
    """Return `text` as lower-case ASCII words. Other scripts than Latin are dropped."""
    plain = text
    if not text.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[a-z0-9]+", plain.encode("ascii", "ignore").decode().lower()))


def _unique(key: str, taken: dict[str, int]) -> str:
    """Return `key`, with the first free number appended if it is taken. `taken` has the last number of each key."""
    number = taken.get(key, 0) + 1
    while number > 1 and f"{key}-{number}" in taken:
        number += 1
    taken[key] = number
    unique = f"{key}-{number}" if number > 1 else key
    taken.setdefault(unique, 1)
    return unique
