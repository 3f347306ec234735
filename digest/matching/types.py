"""What is asked, and what was found and why. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from subscriptions.query.grammar import Criteria


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


# Of a topic's phrases so many stand for what it is about; the further ones only find.
TELLING_PHRASES = 28


@dataclass(frozen=True)
class Interest:
    """One filter of a reader, under the name by which the reader knows it.

    `about` is what a topic of the catalogue is about, in a sentence: by it the papers that are about the topic are
    told from those that mention one of its phrases. A reader's own filter has none. `by_hand`: somebody chose the
    topic's phrases for this site, and each is wanted as a reader's own words are. `narrower`: the topics that a broader
    one stands for; it finds whatever any of them finds.
    """

    label: str
    criteria: Criteria
    about: str = ""
    by_hand: bool = False
    narrower: tuple["Interest", ...] = ()

    @cached_property
    def profile(self) -> str:
        """All that is known of a topic, in a text whose vector stands for it."""
        return f"{self.about}. {', '.join(self.said[:TELLING_PHRASES])}"

    @property
    def said(self) -> tuple[str, ...]:
        """What speaks for a topic: the names of those that it stands for, and its phrases."""
        return (*(topic.label for topic in self.narrower), *self.criteria.quoted)

    @property
    def wants_votes_alone(self) -> bool:
        """Whether it asks for votes and nothing else; a broader topic without phrases asks for what it stands for."""
        return self.criteria.wants_votes_alone and not self.about

    @cached_property
    def _hash(self) -> int:
        asked = self.criteria  # whatever else it holds seldom tells two apart
        return hash((self.label, asked.phrases, asked.quoted, asked.authors, asked.categories, asked.sentence))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True)
class Reason:
    """Why a paper was chosen: which interest asked for it, what was found, and where."""

    interest: str
    kind: str  # phrase, words, meaning, topic, author, category, votes
    found: str  # as the paper writes it, several words with ", " between; for meaning and topic: what it is close to
    where: str  # title, abstract, keywords, authors, categories, votes; nothing for meaning and topic
    weight: float  # what it adds to the odds


class Finding:
    """What one interest found in one paper, made once an index.

    It is itself and equals nothing else, so that what is made of it (a line in a mail) can be kept by it. The reasons
    are worked out when they are first asked for.
    """

    __slots__ = ("__weakref__", "_reasons", "interest", "score")

    def __init__(
        self, interest: str, score: float, reasons: tuple[Reason, ...] | Callable[[], tuple[Reason, ...]]
    ) -> None:
        self.interest = interest
        self.score = score  # 0…1: how likely it is that the reader wants the paper
        self._reasons = reasons

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """All of them, the strongest first."""
        if callable(self._reasons):
            self._reasons = self._reasons()
        return self._reasons

    def __repr__(self) -> str:
        return f"Finding({self.interest!r}, {self.score:.2f}, {self.reasons!r})"


@dataclass(frozen=True, eq=False, slots=True)
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
