"""Which papers a reader wants, and why. Pure: no models, no clock, no network.

The day's papers are the index and the filters are the queries. A filter is scored once against the whole
day, however many readers follow it; a reader's list is the best of their filters, never an average.
"""

import re
import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

from subscriptions.filters import Criteria

FIELD_WEIGHTS = {"title": 3.0, "abstract": 1.0, "keywords": 1.0}
REPEATED = 0.25  # what each further mention in the same field adds
MOST_REPEATS = 4
AUTHOR_WEIGHT = 5.0
CATEGORY_WEIGHT = 0.5

_WORD = re.compile(r"[^\W_]+")
_END = "\n"  # no phrase goes over the end of a text


class PaperText(Protocol):
    """What matching reads of a paper."""

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def abstract(self) -> str: ...
    @property
    def authors(self) -> Sequence[str]: ...
    @property
    def categories(self) -> Sequence[str]: ...
    @property
    def keywords(self) -> Sequence[str]: ...
    @property
    def votes(self) -> int: ...


@dataclass(frozen=True)
class Interest:
    """One filter of a reader, under the name by which the reader knows it."""

    label: str
    criteria: Criteria


@dataclass(frozen=True)
class Reason:
    """Why a paper was chosen: which interest asked for it, what was found, and where."""

    interest: str
    kind: str  # phrase, author, category
    found: str
    where: str  # title, abstract, keywords, authors, categories
    weight: float


@dataclass(frozen=True, eq=False)
class Finding:
    """What one interest found in one paper, made once an index.

    It is itself and equals nothing else, so that what is made of it (a line in a mail) can be kept by it.
    """

    interest: str
    score: float
    reasons: tuple[Reason, ...]  # the strongest first


@dataclass(frozen=True)
class Match:
    """A paper chosen for a reader: what each of their interests found in it, the strongest first."""

    paper: PaperText
    score: float
    findings: tuple[Finding, ...]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """All of them, the strongest first."""
        found = (reason for finding in self.findings for reason in finding.reasons)
        return tuple(sorted(found, key=lambda reason: -reason.weight))


class _Field(NamedTuple):
    """One text of one paper, and where its words begin in the index's text."""

    begin: int
    paper: int  # its place in `papers`
    name: str
    text: str


class _Hit(NamedTuple):
    """A phrase found: in which field, where in the index's text, and how long it is there."""

    field: _Field
    at: int
    length: int

    @property
    def text(self) -> str:
        """As the paper writes it."""
        # Folded letter by letter, since one such as ½ becomes several: where each of them comes from.
        letters = [(folded, number) for number, letter in enumerate(self.field.text) for folded in fold(letter)]
        place, first = self.field.begin, None
        for word in _WORD.finditer("".join(folded for folded, _ in letters)):
            first = letters[word.start()][1] if first is None and place >= self.at else first
            place += len(stem(word[0]))
            if first is not None and place >= self.at + self.length:
                return self.field.text[first : letters[word.end() - 1][1] + 1]
        return ""


class Index:
    """A day's papers, ready to be asked. Answers are kept: the same filter costs nothing the second time.

    All words of all papers stand in one string, stemmed and without what stood between them, so that
    pre-training, pre training and pretraining are one; a phrase is found where it begins and ends with a word.
    """

    def __init__(self, papers: Iterable[PaperText]) -> None:
        self.papers: list[PaperText] = list(papers)
        self._fields: list[_Field] = []
        self._answers: dict[Interest, dict[int, Finding]] = {}
        self._text, self._borders = self._read()

    def _read(self) -> tuple[str, bytearray]:
        """The string of all words, and a mark at each place where a word begins or the last one ends."""
        words: list[str] = []
        borders = bytearray()
        for number, paper in enumerate(self.papers):
            for name, text in _fields(paper):
                self._fields.append(_Field(len(borders), number, name, text))
                for word in (*map(stem, _WORD.findall(fold(text))), _END):
                    words.append(word)
                    borders += b"\1" + bytes(len(word) - 1)
        return "".join(words), borders

    def findings(self, interest: Interest) -> dict[int, Finding]:
        """For each paper (by its place in `papers`) that `interest` asks for: what it found."""
        if interest not in self._answers:
            excluded = self.with_any(interest.criteria.exclusions)
            found: dict[int, list[Reason]] = defaultdict(list)
            for number, reason in self._search(interest):
                if number not in excluded:
                    found[number].append(reason)
            self._answers[interest] = {n: _finding(interest.label, reasons) for n, reasons in found.items()}
        return self._answers[interest]

    @cached_property
    def by_votes(self) -> list[int]:
        """The places of the papers, the most voted first; pins and the edition's order break ties."""
        return sorted(range(len(self.papers)), key=lambda number: -self.papers[number].votes)

    def with_any(self, phrases: Iterable[str]) -> set[int]:
        """The places of the papers that hold any of `phrases`."""
        return {number for phrase in phrases for number in self._find(phrase)}

    def _search(self, interest: Interest) -> Iterator[tuple[int, Reason]]:
        for phrase in interest.criteria.phrases + interest.criteria.quoted:
            for number, hits in self._find(phrase).items():
                yield number, _phrase_reason(interest.label, hits)
        for number, paper in enumerate(self.papers):
            for wanted in interest.criteria.authors:
                for name in paper.authors:
                    if same_person(wanted, name):
                        yield number, Reason(interest.label, "author", name, "authors", AUTHOR_WEIGHT)
            for pattern in interest.criteria.categories:
                for category in paper.categories:
                    if in_category(category, pattern):
                        yield number, Reason(interest.label, "category", category, "categories", CATEGORY_WEIGHT)

    def _find(self, phrase: str) -> dict[int, list[_Hit]]:
        """Where `phrase` stands: for each paper, each time."""
        key = "".join(stem(word) for word in _WORD.findall(fold(phrase)))
        found: dict[int, list[_Hit]] = defaultdict(list)
        at = self._text.find(key) if key else -1
        while at >= 0:
            if self._borders[at] and self._borders[at + len(key)]:
                field = self._fields[bisect_right(self._fields, at, key=lambda field: field.begin) - 1]
                found[field.paper].append(_Hit(field, at, len(key)))
            at = self._text.find(key, at + 1)
        if not _is_abbreviation(phrase):
            return found
        # RAG is not a rag, nor SAM a Sam: an abbreviation must be written as one.
        loud = {number: [hit for hit in hits if _is_loud(hit.text)] for number, hits in found.items()}
        return {number: hits for number, hits in loud.items() if hits}


def match(index: Index, interests: Iterable[Interest], exclusions: Iterable[str] = ()) -> list[Match]:
    """The papers that any of `interests` asks for, best first. `exclusions` hold for all of them."""
    excluded = index.with_any(exclusions)
    found: dict[int, list[Finding]] = defaultdict(list)
    for interest in interests:
        for number, finding in index.findings(interest).items():
            if number not in excluded:
                found[number].append(finding)
    matches = [_match(index.papers[number], findings) for number, findings in found.items()]
    # Papers come ranked by votes: where two match equally well, the more voted one stands first.
    places = {id(paper): place for place, paper in enumerate(index.papers)}
    return sorted(matches, key=lambda found: (-found.score, places[id(found.paper)]))


def _match(paper: PaperText, findings: list[Finding]) -> Match:
    strongest_first = tuple(sorted(findings, key=lambda finding: -finding.score))
    return Match(paper, strongest_first[0].score, strongest_first)


def _finding(interest: str, reasons: list[Reason]) -> Finding:
    strongest_first = tuple(sorted(reasons, key=lambda reason: -reason.weight))
    return Finding(interest, sum(reason.weight for reason in reasons), strongest_first)


def fold(text: str) -> str:
    """Lower case without accents."""
    if text.isascii():
        return text.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()


def stem(word: str) -> str:
    """`word` without an English plural's ending. Both sides are stemmed, so it need not be a word."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def in_category(category: str, pattern: str) -> bool:
    """Whether `category` is what `pattern` asks for: cs.CL itself, cs.* or cs for all of cs."""
    category, pattern = category.lower(), pattern.lower().removesuffix(".*")
    return category == pattern or category.startswith(f"{pattern}.")


def same_person(wanted: str, name: str) -> bool:
    """Whether the author `name` may be `wanted`: "LeCun", "Y. LeCun", "LeCun, Yann" all mean Yann LeCun."""
    *wanted_given, wanted_last = _name_parts(wanted) or [""]
    *given, last = _name_parts(name) or [""]
    if not wanted_last or wanted_last != last:
        return False
    return all(_may_be(a, b) for a, b in zip(wanted_given, given, strict=False))


def _name_parts(name: str) -> list[str]:
    last, comma, given = name.partition(",")
    return _WORD.findall(fold(f"{given} {last}" if comma else name))


def _may_be(a: str, b: str) -> bool:
    return a == b or (min(len(a), len(b)) == 1 and a[0] == b[0])


def _fields(paper: PaperText) -> Iterator[tuple[str, str]]:
    yield "title", paper.title
    yield "abstract", paper.abstract
    for keyword in paper.keywords:
        yield "keywords", keyword


def _phrase_reason(label: str, hits: list[_Hit]) -> Reason:
    counts: dict[str, int] = defaultdict(int)
    for hit in hits:
        counts[hit.field.name] += 1
    weight = sum(FIELD_WEIGHTS[f] * (1 + REPEATED * min(n - 1, MOST_REPEATS)) for f, n in counts.items())
    first = max(hits, key=lambda hit: FIELD_WEIGHTS[hit.field.name])
    return Reason(label, "phrase", first.text, first.field.name, weight)


def _is_abbreviation(phrase: str) -> bool:
    return len(phrase) <= 6 and phrase.isalnum() and _capitals(phrase) > 1


def _is_loud(text: str) -> bool:
    return _capitals(text) > 1 and text.isalnum()


def _capitals(text: str) -> int:
    return sum(character.isupper() for character in text)
