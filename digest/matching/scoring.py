"""The probability that a reader wants each paper, given what an interest finds in it. Pure."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from digest.matching import scoring_weights
from digest.matching.bm25 import Values
from digest.matching.corpus import Corpus, PhraseMatch, TextEvidence
from digest.matching.phrase_index import IN_TITLE, PhrasePosition
from digest.matching.scoring_weights import PhraseWeights, TextWeights
from digest.matching.similarity import Vectors
from digest.matching.tokens import COMMON_FAMILIES, WORD, families_of, key_of
from digest.matching.types import Interest
from subscriptions.query.grammar import Criteria

LEAST_ON_TOPIC = 0.05
Scores = dict[int, float]  # probabilities or log-odds, by paper number


class Question(NamedTuple):
    """A name or a sentence from a filter, with its weights."""

    text: str
    name: str  # empty for a sentence without a name
    by_meaning: TextWeights
    by_words: TextWeights

    @property
    def is_name(self) -> bool:
        """Return whether this is a name without a sentence."""
        return self.text == self.name


def probabilities(day: Corpus, interest: Interest, least: float) -> Scores:
    """Return the probability of each paper that is wanted with a probability of at least `least`."""
    least_odds = scoring_weights.odds(least)
    found = _topic_scores(day, interest, least_odds) if interest.about and interest.criteria.quoted else {}
    if not interest.about or interest.by_hand:
        found = _higher(found, _own_odds(day, interest.criteria, least_odds))
    scores = {number: scoring_weights.probability(odds) for number, odds in found.items() if odds >= least_odds}
    if interest.narrower:
        scores = _higher(scores, _on_any(day, interest.narrower, least))
    for number, score in _by_rule(day, interest):
        scores[number] = 1 - (1 - score) * (1 - scores.get(number, 0.0))  # combine as independent reasons
    return _without_the_unwanted(day, interest.criteria, scores)


def can_find(day: Corpus, phrase: str, least: float) -> bool:
    """Return whether `phrase`, in a filter of phrases alone, may find a paper with log-odds of at least `least`."""
    return _may_tell_apart(phrase, least) or day.knows(phrase)


def questions(day: Corpus, criteria: Criteria, least: float) -> Iterator[Question]:
    """Yield the names and sentences of `criteria` that may reach log-odds of `least` without an exact match."""
    if criteria.sentence and len(criteria.phrases) == 1 and _belong_together(day, *criteria.phrases, criteria.sentence):
        text = f"{criteria.phrases[0]}: {criteria.sentence}"
        yield Question(text, criteria.phrases[0], scoring_weights.BOTH, scoring_weights.BOTH_BY_WORDS)
        return
    if criteria.sentence:
        yield Question(criteria.sentence, "", scoring_weights.SENTENCE, scoring_weights.SENTENCE_BY_WORDS)
    for name in criteria.phrases:
        if _may_tell_apart(name, least) or _names_a_topic(day, name):
            yield Question(name, name, scoring_weights.NAME, scoring_weights.NAME_BY_WORDS)


def said_by(day: Corpus, question: Question) -> TextEvidence:
    """Return the evidence that the words, the embedding and the topics of a text give for each paper (cached)."""
    key = (question.name, question.text)  # shared by all readers who ask this, whatever else their filters hold
    return day.said.get(key) or day.said.keep(key, _said_by(day, question))


def topics_in(day: Corpus, question: Question, vector: Vectors | None) -> list[tuple[Interest, float]]:
    """Return the catalogue's topics that the question is about, with their weights; `vector` embeds its text."""
    name, is_long = question.name or question.text, question.text.count(" ") > 1
    if day.thesaurus is None or not (is_long or day.thesaurus.holds(key_of(name))):
        return []
    found = day.thesaurus.topics_in(name, question.text, vector)
    return [(day.thesaurus.topics[number], weight) for number, weight in found]


def on_topic(day: Corpus, topic: Interest) -> Values:
    """Return the probability that each paper is about `topic`; probabilities below LEAST_ON_TOPIC become 0."""
    found = day.on_topic.get(topic)
    if found is None:
        scores = probabilities(day, topic, LEAST_ON_TOPIC)
        found = day.on_topic[topic] = np.zeros(len(day.papers))
        found[list(scores)] = list(scores.values())
    return found


def _on_any(day: Corpus, topics: Iterable[Interest], least: float) -> Scores:
    """Return the papers about any of `topics` with a probability of at least `least`.

    A paper about several of them gets a higher score, as if the topics were independent.
    """
    found = np.array([on_topic(day, topic) for topic in topics])
    numbers = (found.max(axis=0) >= max(least, LEAST_ON_TOPIC)).nonzero()[0]
    return dict(zip(numbers.tolist(), (1 - (1 - found[:, numbers]).prod(axis=0)).tolist(), strict=True))


def phrase_odds(standing: PhrasePosition, weights: PhraseWeights) -> float:
    """Return the log-odds that exact phrases add for a paper, by their position and number of mentions."""
    in_title = standing.front == IN_TITLE
    often = math.log(min(standing.mentions, scoring_weights.MOST_MENTIONS))
    at_front = weights.title + weights.early if in_title else weights.early * standing.front
    return weights.found + at_front + weights.often * often


def topic_odds(day: Corpus, interest: Interest, weights: PhraseWeights) -> Values:
    """Return each paper's log-odds for a topic, from its phrases, their words, its name and its embedding."""
    odds = weights.usual + weights.name * day.coverage.of(interest.label)
    rows = [row for row in map(day.row, interest.criteria.quoted) if row.standings]
    for number, standing in _standings(rows).items():
        odds[number] += phrase_odds(standing, weights)
    for number, rarity in _rarest(rows).items():
        odds[number] += weights.rare * rarity
    if day.wording:
        odds += weights.words * day.wording.of(interest)
    close = day.closeness(interest.profile)
    return odds if close is None else odds + weights.closeness * close


def _topic_scores(day: Corpus, interest: Interest, least: float) -> Scores:
    weights = scoring_weights.TOPIC_BY_WORDS if day.vector(interest.profile) is None else scoring_weights.TOPIC
    return _likely(topic_odds(day, interest, weights), weights.usual, least)


def _own_odds(day: Corpus, criteria: Criteria, least: float) -> Scores:
    """Return the log-odds for a reader's own filter: the best of its exact phrases, names and sentences."""
    odds = _row_odds(day, (*criteria.phrases, *criteria.quoted))
    for question in questions(day, criteria, least):
        said = said_by(day, question)
        odds = _higher(odds, _likely(said.odds, said.usual, least))
    return odds


def _row_odds(day: Corpus, phrases: Iterable[str]) -> Scores:
    """Return the log-odds that exact phrases give each paper, less a penalty if all that match are common."""
    rows = [row for row in map(day.row, phrases) if row.standings]
    common: Scores = {}
    for row in rows:
        for number in row.standings:
            common[number] = min(row.common, common.get(number, row.common))
    return {
        number: phrase_odds(found, scoring_weights.OWN) - common[number] for number, found in _standings(rows).items()
    }


def _rarest(rows: Iterable[PhraseMatch]) -> Scores:
    """Return the highest rarity among the phrases that each paper contains."""
    rarest: Scores = {}
    for row in rows:
        for number in row.standings:
            rarest[number] = max(row.rarity, rarest.get(number, 0.0))
    return rarest


def _standings(rows: Iterable[PhraseMatch]) -> dict[int, PhrasePosition]:
    """Return the merged position of the phrases in each paper that contains any of them."""
    found: dict[int, PhrasePosition] = {}
    for row in rows:
        for number, standing in row.standings.items():
            known = found.get(number)
            found[number] = _together(known, standing) if known else standing
    return found


def _together(one: PhrasePosition, other: PhrasePosition) -> PhrasePosition:
    return PhrasePosition(max(one.front, other.front), one.mentions + other.mentions)


def _higher(one: Scores, other: Scores) -> Scores:
    """Return the higher of the two scores of each paper."""
    if not one or not other:
        return one or other
    return {number: max(one.get(number, -math.inf), other.get(number, -math.inf)) for number in one.keys() | other}


def _likely(odds: Values, usual: float, least: float) -> Scores:
    """Return the papers with log-odds of at least `least`.

    If even a paper without evidence would pass, return the papers with any evidence for or against them instead.
    """
    numbers = (odds >= least if least > usual else odds != usual).nonzero()[0]
    return dict(zip(numbers.tolist(), odds[numbers].tolist(), strict=True))


def _said_by(day: Corpus, question: Question) -> TextEvidence:
    vector = day.vector(question.text)
    close = day.meaning.closeness(vector) if day.meaning and vector is not None else None
    weights = question.by_words if close is None else question.by_meaning
    covered = day.coverage.of(question.text)
    if weights.enough:
        covered = covered * min(1.0, day.coverage.telling(question.text) / weights.enough)
    topics, spoken_of = day.none, topics_in(day, question, vector)
    for topic, weight in spoken_of:
        topics = topics + weight * on_topic(day, topic)
    weights = weights.where_known(sum([weight for _, weight in spoken_of]))
    odds = weights.usual + weights.coverage * covered
    if spoken_of:
        odds += weights.topics * topics
    if weights.name:
        odds += weights.name * day.coverage.of(question.name)
    if close is not None:
        odds += weights.closeness * close
    return TextEvidence(odds, weights.usual, covered, topics, close)


def _may_tell_apart(name: str, least: float) -> bool:
    """Return whether a name's words, found one by one, can reach log-odds of `least`: two words often cannot."""
    spaces = name.count(" ")
    return spaces > 1 or (
        spaces == 1 and scoring_weights.NAME_BY_WORDS.usual + scoring_weights.NAME_BY_WORDS.coverage >= least
    )


def _names_a_topic(day: Corpus, name: str) -> bool:
    """Return whether a name of two or more words is a topic's name or one of its phrases."""
    return len(WORD.findall(name)) > 1 and day.thesaurus is not None and day.thesaurus.holds(key_of(name))


def _belong_together(day: Corpus, name: str, sentence: str) -> bool:
    """Return whether the sentence describes the name. If not, each is scored by itself."""
    shared = {*families_of(name)} & {*families_of(sentence)} - COMMON_FAMILIES
    return bool(shared) or day.thesaurus is None or day.thesaurus.is_one_subject(name, sentence)


def _by_rule(day: Corpus, interest: Interest) -> Iterator[tuple[int, float]]:
    criteria = interest.criteria
    for wanted in criteria.authors:
        yield from ((number, scoring_weights.BY_AUTHOR) for number, _ in day.people.find(wanted))
    for pattern in criteria.categories:
        yield from ((number, scoring_weights.IN_CATEGORY) for number, _ in day.categories.find(pattern))
    if interest.wants_votes_alone:
        yield from ((number, scoring_weights.WITH_VOTES) for number in range(len(day.papers)))


def _without_the_unwanted(day: Corpus, criteria: Criteria, scores: Scores) -> Scores:
    if criteria.exclusions:
        excluded = {number for phrase in criteria.exclusions for number in day.row(phrase).standings}
        scores = {number: score for number, score in scores.items() if number not in excluded}
    if criteria.min_votes:
        scores = {n: score for n, score in scores.items() if day.papers[n].votes >= criteria.min_votes}
    return scores
