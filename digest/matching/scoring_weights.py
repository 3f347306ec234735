"""From what was found to how likely a reader wants the paper. Pure. All weights and thresholds stand here.

Each kind of evidence adds to the odds (they are logarithms of odds, and `probability` brings them to 0…1), so that
one threshold holds for every filter, and the filters of a reader can be compared. The weights of topics, names and
sentences were fitted by logistic regression to graded judgements: `python -m benchmarks.fitted_weights`.
"""

import math
from functools import lru_cache
from typing import NamedTuple

# How likely a paper must be wanted, by what the reader chose (subscriptions.models.Subscriber.Amount).
LEAST = {"fewer": 0.7, "balanced": 0.4, "more": 0.2}
BALANCED = "balanced"

# Rules rather than evidence: who asks for an author wants all of the author's papers.
BY_AUTHOR = 0.97
IN_CATEGORY = 0.4
WITH_VOTES = 0.4


class PhraseWeights(NamedTuple):
    """For phrases found in a row."""

    found: float  # at all
    title: float  # in the title
    early: float  # in the title or at the beginning of the abstract, falling to 0 at its end
    often: float = 0.0  # for e times as many mentions
    rare: float = 0.0  # where e times as few papers hold the rarest of them
    name: float = 0.0  # coverage of the topic's name by words anywhere, 0…1
    words: float = 0.0  # that the paper's words are those of the topic's phrases (vocabulary.py)
    closeness: float = 0.0  # for each standard deviation that the paper is closer in meaning than most
    usual: float = 0.0  # for all papers


class TextWeights(NamedTuple):
    """For names and sentences, whose words needn't stand in a row."""

    usual: float
    coverage: float  # of all its words, 0…1
    topics: float  # that the paper is about the topics of the catalogue which the text speaks of, 0…1
    closeness: float = 0.0
    name: float = 0.0  # coverage of the name alone, where a sentence comes with one
    enough: float = 0.0  # how telling its words must be in all (the sum of their rarities) to count in full
    alone: "TextWeights | None" = None  # where the catalogue has no topic for it: what it says itself counts for more

    def where_known(self, known: float) -> "TextWeights":
        """Between the weights for what the catalogue's topics stand for, at 1, and those for what they don't, at 0."""
        alone = self.alone
        if alone is None or known >= 1:
            return self
        unknown = 1 - known
        return TextWeights(
            usual=known * self.usual + unknown * alone.usual,
            coverage=known * self.coverage + unknown * alone.coverage,
            closeness=known * self.closeness + unknown * alone.closeness,
            name=known * self.name + unknown * alone.name,
            topics=self.topics,
        )


TOPIC = PhraseWeights(usual=-7.23, found=0.0, title=0.48, early=1.18, rare=0.24, name=1.10, words=2.14, closeness=0.92)
# Less than nothing for being found at all: a phrase that stands in many papers tells little.
TOPIC_BY_WORDS = PhraseWeights(usual=-7.11, found=-1.31, title=0.22, early=1.63, rare=0.48, name=1.80, words=2.83)
OWN = PhraseWeights(found=0.0, title=1.4, early=0.7, often=0.4)

NAME = TextWeights(
    usual=-5.39,
    coverage=3.48,
    closeness=0.85,
    topics=6.20,
    alone=TextWeights(usual=-6.62, coverage=10.97, topics=0, closeness=2.07),
)
NAME_BY_WORDS = TextWeights(usual=-4.88, coverage=4.21, topics=6.68)
SENTENCE = TextWeights(
    usual=-5.53,
    coverage=5.00,
    closeness=1.17,
    topics=9.06,
    enough=6.0,
    alone=TextWeights(usual=-5.76, coverage=13.90, topics=0, closeness=1.42),
)
SENTENCE_BY_WORDS = TextWeights(usual=-4.86, coverage=7.00, topics=12.48, enough=6.0)
BOTH = TextWeights(
    usual=-5.90,
    coverage=6.40,
    closeness=1.00,
    topics=6.40,
    name=1.30,
    alone=TextWeights(usual=-7.17, coverage=25.99, topics=0, closeness=1.52, name=4.52),
)
BOTH_BY_WORDS = TextWeights(
    usual=-5.35,
    coverage=13.90,
    topics=7.00,
    name=2.15,
    alone=TextWeights(usual=-5.90, coverage=23.00, topics=0, name=4.30),
)

MOST_MENTIONS = 8  # further ones add nothing

SURE = 0.99  # of what is as good as certain: its odds would be beyond measure

# Said to a reader as a reason of its own from here on.
CLOSE = 1.5  # standard deviations
ON_TOPIC = 0.5  # what it adds to the odds
TELLING = 2.0  # how rare a word is (the logarithm of one in so many papers)

# A phrase of a reader's own that stands in more than this share of papers must be found where it weighs.
COMMON_SHARE = 0.05
COMMON_WEIGHT = 0.6


def probability(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


@lru_cache(maxsize=200)
def odds(probability: float) -> float:
    """From below all odds at 0 to infinite ones, which it never is, at 1."""
    return math.log(probability / (1 - probability)) if probability else -math.inf
