"""The catalogue as a thesaurus: which of its topics a name or a sentence speaks of, in whatever words. Pure.

"Making a small model learn from a bigger one" is close to the topic Knowledge distillation, and whoever is about that
topic is likely to be wanted, also where it says "teacher" and "student". "Quantization, pruning and token compression"
names two topics; whoever says so would tick the broader one that stands for both.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digest.matching.bm25 import Bm25Index, Values
from digest.matching.similarity import Vectors
from digest.matching.tokens import key_of
from digest.matching.topic_terms import TopicTerms
from digest.matching.types import Interest

# How alike a text and a topic are: by its words (coverage) and by its meaning (a cosine), added up. Below the first of
# the two a topic is about something else, from the second on it is what is asked for.
ALIKE = (0.4, 1.0)
BY_WORDS = 3  # times as much words count where nothing is known of meaning
NAMED = 0.5  # what is added where the text is the topic's name, or one of its phrases
# How the likeness of a name and of a sentence to the topics goes together (a correlation): nearly all that are of one
# interest have it, three of ten that are not.
ONE_SUBJECT = 0.05
LEAST_SAID = 0.35  # of a part of a name that a topic must cover to be named by it
SHARPNESS = 20.0  # how much more the nearest topic counts than the next
LEAST_WEIGHT = 0.05

# What stands between the parts of a name, such as “Quantization, pruning and token compression”.
BETWEEN_PARTS = re.compile(r"\s*[,;:/&]\s*|\s+(?:and|or|und|oder)\s+", re.IGNORECASE)

Weights = Sequence[tuple[int, float]]


@dataclass(frozen=True)
class _TopicText:
    """A topic as a text to look words up in."""

    title: str
    abstract: str
    keywords: tuple[str, ...]
    key: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    votes: int = 0


class Thesaurus:
    """The topics of the catalogue, to be looked up by what is asked for."""

    def __init__(self, topics: Sequence[Interest], vectors: Vectors | None = None) -> None:
        """`vectors`: one row of length 1 for the profile of each topic."""
        self.topics = list(topics)
        self._vectors = vectors
        self._words = Bm25Index([_TopicText(topic.label, topic.about, topic.said) for topic in self.topics])
        self._named: dict[str, list[int]] = {}
        for number, topic in enumerate(self.topics):
            for name in {key_of(phrase) for phrase in topic.criteria.quoted}:
                self._named.setdefault(name, []).append(number)
        # What is the name of a topic is that topic, whichever others have it among their phrases.
        self._named |= {key_of(topic.label): [number] for number, topic in enumerate(self.topics)}
        places = {topic.label: number for number, topic in enumerate(self.topics)}
        # By the places of the broader topics: those of what they stand for.
        self._narrower = {
            number: frozenset(places[one.label] for one in topic.narrower if one.label in places)
            for number, topic in enumerate(self.topics)
            if topic.narrower
        }
        self.vocabulary = TopicTerms(self.topics)

    def topics_in(self, name: str, text: str, vector: Vectors | None = None) -> Weights:
        """The topics (by their places) that `text` speaks of, and how much each counts: 1 in all at most.

        `name` is what it may call one by; `vector` that of `text`, where topics have vectors, too.
        """
        if vector is None and key_of(name) not in self._named and not self._words.says_any(text):
            return ()
        return _weigh(self._alike(name, text, vector))

    def nearest(self, name: str, text: str, vector: Vectors | None = None) -> int:
        """The topic that somebody would tick who says this: what figures are taken by. Raises ValueError without any.

        A broader one only if it is called by `name`, or `name` names several of those that it stands for. Of several
        that none stands for, the first.
        """
        alike = self._alike(name, text, vector)
        alike[[one for one in self._narrower if one not in self._named.get(key_of(name), [])]] = -math.inf
        named = self._named_in(name, alike)
        held = {one: len(narrower.intersection(named)) for one, narrower in self._narrower.items()}
        if max(held.values(), default=0) > 1:
            return max(held, key=lambda one: (held[one], -len(self._narrower[one])))
        return named[0] if len(named) > 1 else int((alike + self._words.of(name)).argmax())

    def _named_in(self, name: str, alike: Values) -> list[int]:
        """The topics that the parts of `name` name, in their order, each once.

        Where a part may mean two, the one that is `alike` as a whole.
        """
        found: dict[int, None] = {}
        for part in filter(None, BETWEEN_PARTS.split(name)):
            said = self._words.of(part)
            nearest = int(self._with_names(part, BY_WORDS * said + alike).argmax())
            if said[nearest] >= LEAST_SAID:
                found[nearest] = None
        return list(found)

    def is_one_subject(self, name: str, sentence: str) -> bool:
        """Whether a name and a sentence, asked for side by side, speak of one thing: are they like the same topics?"""
        one, other = self._words.of(name), self._words.of(sentence)
        if not one.any() or not other.any():
            return False
        return float(np.corrcoef(one, other)[0, 1]) >= ONE_SUBJECT

    def holds(self, key: str) -> bool:
        """Whether what is looked up by `key` (see words.key_of) is the name or a phrase of any topic."""
        return key in self._named

    def _alike(self, name: str, text: str, vector: Vectors | None) -> Values:
        alike = self._words.of(text)
        alike = BY_WORDS * alike if self._vectors is None or vector is None else alike + self._vectors @ vector
        return self._with_names(name, alike)

    def _with_names(self, name: str, alike: Values) -> Values:
        for number in self._named.get(key_of(name), ()):
            alike[number] += NAMED
        return alike


def _weigh(alike: Values) -> Weights:
    low, high = ALIKE
    best = float(alike[alike.argmax()]) if alike.size else 0.0
    if best <= low:
        return ()
    near = np.flatnonzero(alike > max(low, best + math.log(LEAST_WEIGHT) / SHARPNESS))
    shares = [math.exp(SHARPNESS * (value - best)) for value in alike[near].tolist()]
    scale = min(1.0, (best - low) / (high - low)) / sum(shares)
    return tuple((number, share * scale) for number, share in zip(near.tolist(), shares, strict=True))
