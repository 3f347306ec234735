"""The probability that a reader wants each paper, given what an interest finds in it. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from digest.matching import scoring_weights
from digest.matching.bm25 import Values
from digest.matching.corpus import Corpus, PhraseMatch, TextEvidence, TextFeatures
from digest.matching.phrase_index import IN_TITLE, PhrasePosition
from digest.matching.scoring_weights import PhraseWeights
from digest.matching.text_features import expansion_closeness, expansion_words, features_of, topics_of
from digest.matching.text_questions import Question, is_specific_enough, questions
from digest.matching.types import Interest, PaperText
from subscriptions.query.grammar import Criteria

MIN_ON_TOPIC = 0.05
Scores = dict[int, float]  # probabilities or log-odds, by paper number


def probabilities(corpus: Corpus, interest: Interest, threshold: float, *, assessed: bool = True) -> Scores:
    """Return the probability of each paper that is wanted with a probability of at least `threshold`.

    Unless `assessed`, leave out what a language model answered.
    """
    threshold_odds = scoring_weights.odds(threshold)
    fits = corpus.assessments_of(interest) if assessed else {}
    needed = threshold_odds - scoring_weights.ASSESSMENT if fits else threshold_odds
    found = _topic_scores(corpus, interest, needed) if interest.about and interest.criteria.quoted else {}
    if not interest.about or interest.by_hand:
        found = _max_scores(found, _own_filter_odds(corpus, interest.criteria, needed))
    if fits:
        found = _apply_assessments(corpus, interest, found, fits)
    scores = {number: scoring_weights.probability(odds) for number, odds in found.items() if odds >= threshold_odds}
    if interest.narrower:
        scores = _max_scores(scores, _broader_topic_scores(corpus, interest.narrower, threshold, assessed=assessed))
    for number, score in _rule_scores(corpus, interest):
        scores[number] = 1 - (1 - score) * (1 - scores.get(number, 0.0))  # combine as independent reasons
    return _apply_exclusions(corpus, interest.criteria, scores)


def can_find(corpus: Corpus, phrase: str, threshold: float) -> bool:
    """Return whether `phrase`, in a filter of phrases alone, may find a paper with log-odds of at least `threshold`."""
    return is_specific_enough(phrase, threshold) or corpus.knows(phrase)


def text_evidence(corpus: Corpus, question: Question) -> TextEvidence:
    """Return the evidence that the words, the embedding and the topics of a text give for each paper (cached)."""
    return corpus.evidence.get(question.key) or _compute_evidence(corpus, [question])[0]


def prepare(corpus: Corpus, filters: Iterable[Criteria], threshold: float) -> None:
    """Compute and cache the evidence that the texts in `filters` give, in one go.

    That takes a fraction of the time that the texts would take one by one, and two queries in all for what is stored.
    """
    asked = {question.key: question for criteria in filters for question in questions(corpus, criteria, threshold)}
    missing = [question for key, question in asked.items() if corpus.evidence.get(key) is None]
    if missing := missing[: corpus.evidence.max_young]:  # more would displace one another
        _compute_evidence(corpus, missing)


def topic_probabilities(corpus: Corpus, topic: Interest, *, assessed: bool = False) -> Values:
    """Return the probability that each paper is about `topic`; probabilities below MIN_ON_TOPIC become 0.

    A topic that is evidence for a reader's words counts without a language model's answers, which are about the topic.
    """
    key = (topic, assessed)
    found = corpus.topic_probabilities.get(key)
    if found is None:
        scores = probabilities(corpus, topic, MIN_ON_TOPIC, assessed=assessed)
        found = corpus.topic_probabilities[key] = np.zeros(len(corpus.papers))
        found[list(scores)] = list(scores.values())
    return found


def _broader_topic_scores(corpus: Corpus, topics: Iterable[Interest], threshold: float, *, assessed: bool) -> Scores:
    """Return the papers about any of `topics` with a probability of at least `threshold`.

    A paper about several of them gets a higher score, as if the topics were independent.
    """
    found = np.array([topic_probabilities(corpus, topic, assessed=assessed) for topic in topics])
    numbers = (found.max(axis=0) >= max(threshold, MIN_ON_TOPIC)).nonzero()[0]
    return dict(zip(numbers.tolist(), (1 - (1 - found[:, numbers]).prod(axis=0)).tolist(), strict=True))


def phrase_odds(position: PhrasePosition, weights: PhraseWeights) -> float:
    """Return the log-odds that exact phrases add for a paper, by their position and number of mentions."""
    in_title = position.prominence == IN_TITLE
    often = math.log(min(position.mentions, scoring_weights.MAX_MENTIONS))
    at_front = weights.title + weights.early if in_title else weights.early * position.prominence
    return weights.found + at_front + weights.often * often


def topic_odds(corpus: Corpus, interest: Interest, weights: PhraseWeights) -> Values:
    """Return each paper's log-odds for a topic, from its phrases, their words, its name and its embedding."""
    intercept = weights.intercept - (scoring_weights.WITHOUT_CATEGORY if interest.criteria.categories else 0.0)
    odds = intercept + weights.name * corpus.bm25_index.coverage(interest.label)
    phrase_matches = _phrase_matches(corpus, interest.criteria.quoted)
    for number, position in _merged_positions(phrase_matches).items():
        odds[number] += phrase_odds(position, weights)
    for number, rarity in _max_rarities(phrase_matches).items():
        odds[number] += weights.rare * rarity
    if corpus.term_overlap:
        odds += weights.words * corpus.term_overlap.overlap(interest)
    if weights.coverage:
        odds = odds + weights.coverage * corpus.bm25_index.coverage(interest.about)
    if weights.sentence and (similarity := corpus.closeness(interest.about)) is not None:
        odds = odds + weights.sentence * similarity
    if weights.score:
        odds = odds + weights.score * corpus.bm25_index.score(interest.about)
    if (weights.expansion_closeness or weights.expansion_words) and (expansion := corpus.topic_expansion(interest)):
        odds = odds + weights.expansion_words * expansion_words(corpus, expansion)
        if (similarity := expansion_closeness(corpus, expansion)) is not None:
            odds = odds + weights.expansion_closeness * similarity
    closeness = corpus.topic_closeness(interest)
    return odds if closeness is None else odds + weights.closeness * closeness


def _topic_scores(corpus: Corpus, interest: Interest, threshold: float) -> Scores:
    weights = _topic_weights(corpus, interest)
    return _above_threshold(topic_odds(corpus, interest, weights), weights.intercept, threshold)


def _topic_weights(corpus: Corpus, interest: Interest) -> PhraseWeights:
    if interest.vector is not None:
        if not interest.vector or corpus.embedding_space is None:
            return scoring_weights.LEARNED_BY_WORDS
        expansion = corpus.topic_expansion(interest)
        has_vector = expansion is not None and expansion.vector is not None
        return scoring_weights.LEARNED_WITH_EXPANSION if has_vector else scoring_weights.LEARNED
    by_words = corpus.vector(interest.profile) is None
    return scoring_weights.TOPIC_BY_WORDS if by_words else scoring_weights.TOPIC


def _own_filter_odds(corpus: Corpus, criteria: Criteria, threshold: float) -> Scores:
    """Return the log-odds for a reader's own filter: the best of its exact phrases, names and sentences."""
    odds = _exact_phrase_odds(corpus, (*criteria.phrases, *criteria.quoted))
    for question in questions(corpus, criteria, threshold):
        evidence = text_evidence(corpus, question)
        odds = _max_scores(odds, _above_threshold(evidence.odds, evidence.intercept, threshold))
    return odds


def _exact_phrase_odds(corpus: Corpus, phrases: Iterable[str]) -> Scores:
    """Return the log-odds that exact phrases give each paper, less a penalty if all that match are common."""
    phrase_matches = _phrase_matches(corpus, phrases)
    penalties: Scores = {}
    for phrase_match in phrase_matches:
        for number in phrase_match.positions:
            penalties[number] = min(phrase_match.penalty, penalties.get(number, phrase_match.penalty))
    return {
        number: phrase_odds(found, scoring_weights.READER_PHRASES) - penalties[number]
        for number, found in _merged_positions(phrase_matches).items()
    }


def _phrase_matches(corpus: Corpus, phrases: Iterable[str]) -> list[PhraseMatch]:
    return [found for found in map(corpus.phrase_match, phrases) if found.positions]


def _max_rarities(phrase_matches: Iterable[PhraseMatch]) -> Scores:
    """Return the highest rarity among the phrases that each paper contains."""
    rarest: Scores = {}
    for phrase_match in phrase_matches:
        for number in phrase_match.positions:
            rarest[number] = max(phrase_match.rarity, rarest.get(number, 0.0))
    return rarest


def _merged_positions(phrase_matches: Iterable[PhraseMatch]) -> dict[int, PhrasePosition]:
    """Return the merged position of the phrases in each paper that contains any of them."""
    found: dict[int, PhrasePosition] = {}
    for phrase_match in phrase_matches:
        for number, position in phrase_match.positions.items():
            known = found.get(number)
            found[number] = _merge(known, position) if known else position
    return found


def _merge(one: PhrasePosition, other: PhrasePosition) -> PhrasePosition:
    return PhrasePosition(max(one.prominence, other.prominence), one.mentions + other.mentions)


def _max_scores(one: Scores, other: Scores) -> Scores:
    """Return the higher of the two scores of each paper."""
    if not one or not other:
        return one or other
    return {number: max(one.get(number, -math.inf), other.get(number, -math.inf)) for number in one.keys() | other}


def _above_threshold(odds: Values, intercept: float, threshold: float) -> Scores:
    """Return the papers with log-odds of at least `threshold`.

    If even a paper without evidence would pass, return the papers with any evidence for or against them instead.
    """
    numbers = (odds >= threshold if threshold > intercept else odds != intercept).nonzero()[0]
    return dict(zip(numbers.tolist(), odds[numbers].tolist(), strict=True))


def _compute_evidence(corpus: Corpus, asked: Sequence[Question]) -> list[TextEvidence]:
    """Return the evidence of each question, and put it into the cache."""
    found = map(partial(_evidence, corpus), asked, features_of(corpus, asked))
    return [corpus.evidence.put(question.key, evidence) for question, evidence in zip(asked, found, strict=True)]


def _evidence(corpus: Corpus, question: Question, features: TextFeatures) -> TextEvidence:
    closeness, topics = features.closeness, features.topics
    weights = question.weights_by_words if closeness is None else question.weights
    weights = weights.for_similarity(topics.similarity)
    if features.expansion_words is None:
        weights = weights.without_expansion(by_meaning=closeness is not None)
    odds = weights.intercept + weights.words * features.words
    on_topics = corpus.zeros
    for topic, weight in topics_of(corpus, features):
        on_topics = on_topics + weight * topic_probabilities(corpus, topic)
    if topics.weights:
        odds += weights.topics * on_topics
    if weights.name:
        odds += weights.name * corpus.bm25_index.coverage(question.name)
    if closeness is not None:
        odds += weights.closeness * closeness
    if features.expansion_words is not None:
        odds += weights.expansion_words * features.expansion_words
    if features.expansion_closeness is not None:
        odds += weights.expansion_closeness * features.expansion_closeness
    return TextEvidence(odds, weights.intercept, on_topics, features)


def _rule_scores(corpus: Corpus, interest: Interest) -> Iterator[tuple[int, float]]:
    criteria, in_category = interest.criteria, scoring_weights.IN_CATEGORY
    for wanted in criteria.authors:
        yield from ((number, scoring_weights.BY_AUTHOR) for number, _ in corpus.authors.find(wanted))
    for pattern in criteria.categories:
        for number, category in corpus.categories.find(pattern):
            yield number, _category_score(corpus.papers[number], category) if interest.about else in_category
    if interest.wants_votes_alone:
        yield from ((number, scoring_weights.WITH_VOTES) for number in range(len(corpus.papers)))


def _category_score(paper: PaperText, category: str) -> float:
    """Return the probability that a topic with `category`, one of the paper's categories, includes the paper."""
    is_first = paper.categories[0] == category
    return scoring_weights.ON_TOPIC_BY_CATEGORY if is_first else scoring_weights.ON_TOPIC_BY_CROSS_LISTING


def _apply_assessments(corpus: Corpus, interest: Interest, odds: Scores, fits: Mapping[int, bool]) -> Scores:
    """Return `odds`, changed by a language model's assessments. What a reader put in quotes is wanted in any case."""
    quoted = () if interest.about else interest.criteria.quoted
    literal = {number for phrase in quoted for number in corpus.phrase_match(phrase).positions}
    changed = {number: _assessed(odds[number], is_fitting) for number, is_fitting in fits.items() if number in odds}
    return odds | {number: value for number, value in changed.items() if value > odds[number] or number not in literal}


def _assessed(odds: float, is_fitting: bool) -> float:
    """Return the log-odds after a language model's answer. A “yes” lifts a paper hardly above the surest ones.

    It says that the paper is wanted, and not that it is mainly about the interest, as the surest ones are.
    """
    if not is_fitting:
        return odds - scoring_weights.ASSESSMENT
    lifted, sure = odds + scoring_weights.ASSESSMENT, scoring_weights.odds(scoring_weights.BORDERLINE[1])
    return max(odds, min(lifted, sure + scoring_weights.BEYOND_SURE * (lifted - sure)))


def _apply_exclusions(corpus: Corpus, criteria: Criteria, scores: Scores) -> Scores:
    if criteria.exclusions:
        excluded = {number for phrase in criteria.exclusions for number in corpus.phrase_match(phrase).positions}
        scores = {number: score for number, score in scores.items() if number not in excluded}
    if criteria.min_votes:
        scores = {n: score for n, score in scores.items() if corpus.papers[n].votes >= criteria.min_votes}
    return scores
