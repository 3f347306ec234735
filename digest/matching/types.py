"""The types of matching: interests (queries), and findings and matches (results). Pure.

In this package, a paper number is the position of a paper in the day's list of papers.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from django.utils.translation import gettext_noop

from subscriptions.query.grammar import Criteria

# Whether papers fit interests, as a language model assessed it: by `Interest.assessment_key`, then by the paper's key.
Assessments = Mapping[str, Mapping[str, bool]]

OWN_WORDS = gettext_noop("Your words")  # the label of interests in a reader's own words


class PaperText(Protocol):
    """The fields of a paper that matching reads."""

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


PROFILE_PHRASES = 28  # phrases of a topic that are part of its profile; the others only match


@dataclass(frozen=True)
class Interest:
    """One filter of a reader: a topic, or their own words."""

    label: str  # as the reader sees it
    criteria: Criteria
    # A sentence that describes a topic of the catalogue; empty for own words. It separates papers about the topic from
    # papers that only mention one of its phrases.
    about: str = ""
    # An admin chose the topic's phrases for this site. Each then counts like a reader's own words.
    by_hand: bool = False
    # The topics that a broader topic includes. It matches every paper that one of them matches.
    narrower: tuple["Interest", ...] = ()
    # A language model's assessments count for topics and for words that a reader has saved. For words that a visitor
    # tries, they would show that some reader has saved the same words.
    is_assessed: bool = False
    # The embedding of a topic's example papers in float16, or empty if matching is by words alone
    vector: bytes | None = None

    @cached_property
    def profile(self) -> str:
        """The text that is embedded for a topic."""
        return f"{self.about}. {', '.join(self.terms[:PROFILE_PHRASES])}"

    @cached_property
    def description(self) -> str:
        """The interest as a language model reads it, or "" if it asks for exact phrases, authors or the like alone."""
        if self.about:
            return self.about if self.criteria.quoted else ""
        return "; ".join(filter(None, (*self.criteria.phrases, self.criteria.sentence)))

    @cached_property
    def assessment_key(self) -> str:
        """The hash of the description: assessments are stored without the words that they are about."""
        return hashlib.sha256(" ".join(self.description.casefold().split()).encode()).hexdigest()

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms of a topic: the labels of its narrower topics, and its phrases."""
        return (*(topic.label for topic in self.narrower), *self.criteria.quoted)

    @property
    def wants_votes_alone(self) -> bool:
        """True if it asks for votes and nothing else. A broader topic without phrases asks for its narrower topics."""
        return self.criteria.wants_votes_alone and not self.about

    @cached_property
    def _hash(self) -> int:
        return hash((self.label, self.criteria))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True)
class Reason:
    """A reason why a paper was chosen: the interest, the match, and its field."""

    interest: str
    # phrase, words, meaning, topic, assessment, author, category, votes, liked. A sentence is a placeholder for the
    # whole reason line, which emails that are made by the hundred replace.
    kind: str
    found: str  # as the paper writes it, words separated by ", "; for meaning, topic, assessment: a name
    # title, abstract, keywords, authors, categories, votes; for liked: liked, saved or outside; empty for other kinds
    where: str
    weight: float  # log-odds that it adds
    asked: str = ""  # the phrase or name that the reader typed, if it may differ from what was found


class Finding:
    """The result of one interest for one paper, made once for each index.

    Findings are compared by identity, so that what is rendered from one (a line in an email) can be cached under it.
    The reasons are computed on first use.
    """

    __slots__ = ("__weakref__", "_reasons", "interest", "score")

    def __init__(
        self, interest: str, score: float, reasons: tuple[Reason, ...] | Callable[[], tuple[Reason, ...]]
    ) -> None:
        self.interest = interest
        self.score = score  # probability that the reader wants the paper; for one chosen by votes alone, its votes
        self._reasons = reasons

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """All reasons, strongest first."""
        if callable(self._reasons):
            self._reasons = self._reasons()
        return self._reasons

    def __repr__(self) -> str:
        return f"Finding({self.interest!r}, {self.score:.2f}, {self.reasons!r})"


@dataclass(frozen=True, eq=False, slots=True)
class Match:
    """A paper chosen for a reader, with the findings of their interests, strongest first."""

    paper: PaperText
    score: float
    findings: tuple[Finding, ...]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """All reasons, strongest first."""
        found = (reason for finding in self.findings for reason in finding.reasons)
        return tuple(sorted(found, key=lambda reason: -reason.weight))
