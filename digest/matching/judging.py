"""From what was found to how likely a reader wants the paper. Pure. All weights and thresholds stand here.

Each kind of evidence adds to the odds (they are logarithms of odds, and `probability` brings them to 0…1), so that
one threshold holds for every filter, and the filters of a reader can be compared. The weights of topics, names and
sentences were fitted by logistic regression to graded judgements (docs/matching.md says to which, and how to repeat
it).
"""

import math
from dataclasses import dataclass

# How likely a paper must be wanted, by what the reader chose (subscriptions.models.Subscriber.Amount).
LEAST = {"fewer": 0.75, "balanced": 0.5, "more": 0.25}
BALANCED = "balanced"

# Rules rather than evidence: who asks for an author wants all of the author's papers.
BY_AUTHOR = 0.97
IN_CATEGORY = 0.5
WITH_VOTES = 0.5


@dataclass(frozen=True)
class PhraseWeights:
    """For phrases found in a row."""

    found: float  # at all
    title: float  # in the title
    early: float  # at the beginning of the abstract, falling to 0 at its end
    often: float  # for e times as many mentions
    closeness: float = 0.0  # for each standard deviation that the paper is closer in meaning than most
    usual: float = 0.0  # for all papers


@dataclass(frozen=True)
class TextWeights:
    """For names and sentences, whose words needn't stand in a row."""

    usual: float
    coverage: float  # of all its words, 0…1
    topics: float  # that the paper is about the topics of the catalogue which the text speaks of, 0…1
    closeness: float = 0.0
    name: float = 0.0  # coverage of the name alone, where a sentence comes with one


TOPIC = PhraseWeights(usual=-5.62, found=1.56, title=0.38, early=1.71, often=0.22, closeness=1.67)
TOPIC_BY_WORDS = PhraseWeights(usual=-4.54, found=2.44, title=0.21, early=2.58, often=0.73)
OWN = PhraseWeights(found=0.3, title=1.2, early=0.8, often=0.4)

NAME = TextWeights(usual=-5.45, coverage=4.88, closeness=0.86, topics=5.45)
NAME_BY_WORDS = TextWeights(usual=-5.06, coverage=6.16, topics=6.13)
SENTENCE = TextWeights(usual=-5.44, coverage=5.00, closeness=1.22, topics=8.59)
SENTENCE_BY_WORDS = TextWeights(usual=-4.60, coverage=7.00, topics=11.19)
BOTH = TextWeights(usual=-5.93, coverage=8.20, closeness=1.13, topics=4.30, name=2.75)
BOTH_BY_WORDS = TextWeights(usual=-5.47, coverage=15.43, topics=5.23, name=4.16)

MOST_MENTIONS = 8  # further ones add nothing

# Said to a reader as a reason of its own from here on.
CLOSE = 1.5  # standard deviations
ON_TOPIC = 0.5  # what it adds to the odds
TELLING = 2.0  # how rare a word is (the logarithm of one in so many papers)

# A phrase of a reader's own that stands in more than this share of papers must be found where it weighs.
COMMON_SHARE = 0.05
COMMON_WEIGHT = 0.6


def probability(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def odds(probability: float) -> float:
    return math.log(probability / (1 - probability))
