"""The texts of a filter that are compared as a whole: sentences, and names of several words. Pure.

Their words may occur anywhere in a paper.
"""

from collections.abc import Iterator
from typing import NamedTuple

from digest.matching import scoring_weights
from digest.matching.corpus import Corpus
from digest.matching.scoring_weights import TextWeights
from digest.matching.tokens import COMMON_FAMILIES, WORD, families_of, key_of
from subscriptions.query.grammar import Criteria


class Question(NamedTuple):
    """A name or a sentence from a filter, with its weights."""

    text: str
    name: str  # empty for a sentence without a name
    weights: TextWeights
    weights_by_words: TextWeights
    ignored: tuple[str, ...] = ()  # words that the reader struck out of the text's expansion

    @property
    def is_name(self) -> bool:
        """Return whether this is a name without a sentence."""
        return self.text == self.name

    @property
    def key(self) -> tuple[object, ...]:
        """The key of the evidence. All readers who ask this share it, whatever else their filters hold."""
        return (self.name, self.text, self.ignored)


def may_hold_texts(criteria: Criteria, threshold: float) -> bool:
    """Return whether `criteria` have a sentence, or a name that also matches by its single words."""
    return bool(criteria.sentence) or any(is_specific_enough(name, threshold) for name in criteria.phrases)


def questions(corpus: Corpus, criteria: Criteria, threshold: float) -> Iterator[Question]:
    """Yield the names and sentences of `criteria` that may reach log-odds of `threshold` without an exact match."""
    ignored = criteria.ignored
    if criteria.sentence and len(criteria.phrases) == 1:
        (name,) = criteria.phrases
        if _is_one_subject(corpus, name, criteria.sentence):
            text = f"{name}: {criteria.sentence}"
            yield Question(
                text, name, scoring_weights.NAME_AND_SENTENCE, scoring_weights.NAME_AND_SENTENCE_BY_WORDS, ignored
            )
            return
    if criteria.sentence:
        yield Question(criteria.sentence, "", scoring_weights.SENTENCE, scoring_weights.SENTENCE_BY_WORDS, ignored)
    for name in criteria.phrases:
        if is_specific_enough(name, threshold) or _is_topic_phrase(corpus, name):
            yield Question(name, name, scoring_weights.NAME_ONLY, scoring_weights.NAME_ONLY_BY_WORDS, ignored)


def is_specific_enough(name: str, threshold: float) -> bool:
    """Return whether a name matches by its single words: with two words, only for readers who want more papers."""
    spaces = name.count(" ")
    return spaces > 1 or (spaces == 1 and threshold <= scoring_weights.odds(scoring_weights.THRESHOLDS["more"]))


def _is_topic_phrase(corpus: Corpus, name: str) -> bool:
    """Return whether a name of two or more words is a topic's name or one of its phrases."""
    return len(WORD.findall(name)) > 1 and corpus.thesaurus is not None and corpus.thesaurus.contains(key_of(name))


def _is_one_subject(corpus: Corpus, name: str, sentence: str) -> bool:
    """Return whether the sentence describes the name. If not, each is scored by itself."""
    shared = {*families_of(name)} & {*families_of(sentence)} - COMMON_FAMILIES
    return bool(shared) or corpus.thesaurus is None or corpus.thesaurus.is_one_subject(name, sentence)
