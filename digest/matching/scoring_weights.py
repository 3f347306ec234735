"""The weights and thresholds of matching, and which papers a language model is asked about. Pure.

BM25's parameters, with the weights of a word's field such as the title, are in `bm25`. The weights of reasons that
rules give are in `explanation`.

Each kind of evidence adds to the log-odds that a reader wants a paper, and `probability` converts them to 0…1. So one
threshold holds for every filter, and the scores of different filters can be compared. The weights of topics, names
and sentences were fitted by logistic regression to graded judgements: `python -m benchmarks.fitted_weights`. In
comments and names, "odds" always means log-odds.
"""

import math
from functools import lru_cache
from typing import NamedTuple

# The minimum probability of a paper, by the reader's choice (subscriptions.models.Subscriber.Amount).
THRESHOLDS = {"fewer": 0.7, "balanced": 0.4, "more": 0.2}
BALANCED = "balanced"

# Probabilities given by rules instead of evidence: a reader who follows an author wants all of the author's papers.
BY_AUTHOR = 0.97
IN_CATEGORY = 0.4
# A topic with categories includes the papers of these; words and meaning rank them. Cross-listed papers come later.
ON_TOPIC_BY_CATEGORY = 0.8
ON_TOPIC_BY_CROSS_LISTING = 0.5
# The penalty, in log-odds, of a paper without a category of the topic: other fields use a field's words, too.
WITHOUT_CATEGORY = 2.5
WITH_VOTES = 0.4


# Log-odds that a language model's “yes” adds, and its “no” subtracts: right for a model that errs in 8 of 100 cases.
ASSESSMENT = 2.5
BEYOND_SURE = 0.1  # the fraction of ASSESSMENT that counts for papers above BORDERLINE
# The probabilities of papers to ask a language model about: an answer can change whether a reader gets the paper.
BORDERLINE = (0.05, 0.85)


class PhraseWeights(NamedTuple):
    """Weights for exact phrases, and for the other evidence of topics."""

    found: float  # any occurrence
    title: float  # an occurrence in the title
    early: float  # an occurrence in the title or at the beginning of the abstract, falling to 0 at its end
    often: float = 0.0  # the logarithm of the number of mentions
    rare: float = 0.0  # the rarity (inverse document frequency) of the rarest phrase found
    name: float = 0.0  # coverage of the topic's name, 0…1
    words: float = 0.0  # overlap with the words of the topic's phrases (topic_terms.py)
    coverage: float = 0.0  # coverage of the topic's name and sentence, 0…1
    sentence: float = 0.0  # similarity to the name and sentence alone, in standard deviations
    score: float = 0.0  # the BM25 score of the topic's name and sentence, as a number of rare words
    expansion_closeness: float = 0.0  # similarity to the embedding of their expansion, in standard deviations
    expansion_words: float = 0.0  # words of their expansion, in standard deviations
    closeness: float = 0.0  # similarity of the embeddings, in standard deviations
    intercept: float = 0.0  # log-odds of a paper without any evidence


class TextWeights(NamedTuple):
    """Weights for names and sentences. Their words may occur anywhere in a paper."""

    intercept: float  # log-odds of a paper without any evidence
    words: float  # the BM25 score of the whole text, as a number of rare words
    topics: float  # how much the paper is about the catalogue's topics that the text names, 0…1
    closeness: float = 0.0  # similarity of the embeddings, in standard deviations
    name: float = 0.0  # coverage of the name alone, for a name with a sentence
    expansion_closeness: float = 0.0  # similarity to the embedding of the text's expansion, in standard deviations
    expansion_words: float = 0.0  # words of the text's expansion, in standard deviations
    # For a text without a topic in the catalogue: its own words count for more.
    without_topics: "TextWeights | None" = None
    # Similarity of the text and the nearest topic at which its topic may be in the catalogue, and surely is.
    in_catalogue: tuple[float, float] = (0.0, 0.0)

    def for_similarity(self, similarity: float) -> "TextWeights":
        """Return the weights for a text with this `similarity` to its nearest topic: `without_topics` if it is low."""
        without_topics, (low, high) = self.without_topics, self.in_catalogue
        if without_topics is None or similarity >= high:
            return self
        known = max(0.0, (similarity - low) / (high - low))
        unknown = 1 - known
        return TextWeights(
            intercept=known * self.intercept + unknown * without_topics.intercept,
            words=known * self.words + unknown * without_topics.words,
            topics=known * self.topics + unknown * without_topics.topics,
            closeness=known * self.closeness + unknown * without_topics.closeness,
            name=known * self.name + unknown * without_topics.name,
            expansion_closeness=known * self.expansion_closeness + unknown * without_topics.expansion_closeness,
            expansion_words=known * self.expansion_words + unknown * without_topics.expansion_words,
        )

    def without_expansion(self, *, by_meaning: bool) -> "TextWeights":
        """Return the weights for a text without an expansion. Closeness, or else its words, count instead."""
        if by_meaning:
            more = EXPANSION_FROM_CLOSENESS * (self.expansion_closeness + self.expansion_words)
            return self._replace(closeness=self.closeness + more, expansion_closeness=0.0, expansion_words=0.0)
        more = EXPANSION_FROM_WORDS * self.expansion_words
        return self._replace(words=self.words + more, expansion_closeness=0.0, expansion_words=0.0)


TOPIC = PhraseWeights(
    intercept=-7.23, found=0.0, title=0.48, early=1.18, rare=0.24, name=1.10, words=2.14, closeness=0.92
)
# `found` is negative, because an occurrence that is neither early nor rare says little.
TOPIC_BY_WORDS = PhraseWeights(intercept=-7.11, found=-1.31, title=0.22, early=1.63, rare=0.48, name=1.80, words=2.83)
# A topic learned from example papers (`python -m benchmarks.made_topics`).
LEARNED = PhraseWeights(
    intercept=-6.82,
    found=0.0,
    title=0.09,
    early=-0.44,
    rare=0.36,
    name=2.59,
    words=1.08,
    coverage=12.47,
    sentence=0.77,
    closeness=0.72,
)
# The same with an expansion of its name and sentence by the archive. It says more than where the phrases are.
LEARNED_WITH_EXPANSION = PhraseWeights(
    intercept=-6.9,
    found=0.0,
    title=0.0,
    early=0.0,
    rare=0.39,
    name=2.61,
    words=0.85,
    score=3.75,
    expansion_closeness=0.67,
    expansion_words=0.11,
    closeness=0.25,
)
LEARNED_BY_WORDS = PhraseWeights(
    intercept=-6.54, found=0.0, title=0.09, early=0.07, rare=0.45, name=3.37, words=1.78, coverage=16.96
)
READER_PHRASES = PhraseWeights(found=0.0, title=1.4, early=0.7, often=0.4)

NAME_ONLY = TextWeights(
    intercept=-5.77,
    words=3.42,
    topics=5.76,
    closeness=0.29,
    expansion_closeness=0.4,
    expansion_words=0.3,
    without_topics=TextWeights(
        intercept=-5.69, words=6.84, topics=0.47, closeness=0.2, expansion_closeness=0.77, expansion_words=0.5
    ),
    in_catalogue=(0.9, 1.3),
)
NAME_ONLY_BY_WORDS = TextWeights(
    intercept=-5.67,
    words=6.54,
    topics=6.16,
    expansion_words=0.46,
    without_topics=TextWeights(intercept=-5.53, words=11.87, topics=1.01, expansion_words=0.8),
    in_catalogue=(0.9, 1.5),
)
SENTENCE = TextWeights(
    intercept=-5.54,
    words=1.22,
    topics=9.33,
    closeness=0.53,
    expansion_closeness=0.29,
    expansion_words=0.46,
    without_topics=TextWeights(
        intercept=-5.35, words=2.72, topics=1.16, closeness=0.41, expansion_closeness=0.6, expansion_words=0.67
    ),
    in_catalogue=(0.45, 0.85),
)
SENTENCE_BY_WORDS = TextWeights(
    intercept=-4.96,
    words=3.92,
    topics=9.18,
    expansion_words=0.66,
    without_topics=TextWeights(intercept=-4.76, words=5.52, topics=2.43, expansion_words=0.84),
    in_catalogue=(0.4, 0.8),
)
NAME_AND_SENTENCE = TextWeights(
    intercept=-6.24,
    words=2.34,
    topics=6.39,
    closeness=0.5,
    name=1.37,
    expansion_closeness=0.28,
    expansion_words=0.21,
    without_topics=TextWeights(
        intercept=-6.41,
        words=3.52,
        topics=1.17,
        closeness=0.48,
        name=3.42,
        expansion_closeness=0.65,
        expansion_words=0.36,
    ),
    in_catalogue=(0.75, 1.15),
)
NAME_AND_SENTENCE_BY_WORDS = TextWeights(
    intercept=-6.06,
    words=4.16,
    topics=6.58,
    name=2.9,
    expansion_words=0.46,
    without_topics=TextWeights(intercept=-6.12, words=5.98, topics=1.57, name=5.06, expansion_words=0.65),
    in_catalogue=(0.7, 1.1),
)

# Expected evidence of the expansion of a text that has none yet, such as one just typed.
EXPANSION_FROM_CLOSENESS = 0.87  # for each standard deviation of closeness
EXPANSION_FROM_WORDS = 1.8  # for each rare word, without embeddings

# The match of a text and a paper of the archive, before there is an expansion. The topics of these papers are not used.
ARCHIVE = TextWeights(intercept=-5.6, words=3.9, topics=0.0, closeness=1.2)
ARCHIVE_BY_WORDS = TextWeights(intercept=-5.2, words=5.5, topics=0.0)

MAX_MENTIONS = 8  # further ones add nothing

MAX_PROBABILITY = 0.99  # cap for probabilities, because the log-odds of 1 are infinite

# Weaker evidence is not shown to a reader as a reason.
MIN_CLOSENESS = 1.5  # standard deviations of similarity
MIN_REASON_WEIGHT = 0.5  # log-odds that a topic adds
MIN_RARITY = 2.0  # rarity of a word (inverse document frequency)

# A reader's phrase that occurs in more than this share of papers is penalized, so that it has to match prominently.
COMMON_SHARE = 0.05
COMMON_WEIGHT = 0.6


def probability(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


@lru_cache(maxsize=200)
def odds(probability: float) -> float:
    """Return the log-odds of `probability` (0 ≤ probability < 1); they are -inf for 0."""
    return math.log(probability / (1 - probability)) if probability else -math.inf
