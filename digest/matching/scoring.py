"""How likely a reader wants each paper, by what an interest finds in it. Pure."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from digest.matching import coverage, judging
from digest.matching.day import Day
from digest.matching.findings import Interest
from digest.matching.judging import PhraseWeights, TextWeights
from digest.matching.texts import Hit
from digest.matching.thesaurus import Weights, mixed
from subscriptions.filters import Criteria

if TYPE_CHECKING:
    from digest.matching.meaning import Vectors

LEAST_ON_TOPIC = 0.05
Scores = dict[int, float]  # by the place of a paper
Found = list[list[Hit]]  # for each phrase that was found


class Question(NamedTuple):
    """A name or a sentence, as it is asked for."""

    text: str
    name: str  # nothing, where a sentence stands alone
    by_meaning: TextWeights
    by_words: TextWeights


def probabilities(day: Day, interest: Interest, least: float) -> Scores:
    """For each paper that is wanted with a probability of `least` or more, that probability."""
    least_odds = judging.odds(least) if least else -math.inf
    found = _topic_odds(day, interest, least_odds) if interest.about else {}
    if not interest.about or interest.by_hand:
        found = _higher(found, _own_odds(day, interest.criteria, least_odds))
    scores = {number: judging.probability(odds) for number, odds in found.items() if odds >= least_odds}
    for number, score in _by_rule(day, interest.criteria):
        scores[number] = 1 - (1 - score) * (1 - scores.get(number, 0.0))  # two reasons are better than one
    return _without_the_unwanted(day, interest.criteria, scores)


def questions(criteria: Criteria) -> Iterator[Question]:
    """What `criteria` ask for in words that need not stand in a row."""
    names = [phrase for phrase in criteria.phrases if " " in phrase]
    if criteria.sentence and len(criteria.phrases) == 1:
        text = f"{criteria.phrases[0]}: {criteria.sentence}"
        yield Question(text, criteria.phrases[0], judging.BOTH, judging.BOTH_BY_WORDS)
        return
    if criteria.sentence:
        yield Question(criteria.sentence, "", judging.SENTENCE, judging.SENTENCE_BY_WORDS)
    for name in names:
        yield Question(name, "", judging.NAME, judging.NAME_BY_WORDS)


def topics_in(day: Day, question: Question) -> Weights:
    """The topics of the catalogue that the question speaks of."""
    if day.thesaurus is None:
        return ()
    if named := day.thesaurus.named(question.name or question.text):
        return named
    vector = day.meaning.vector(question.text) if day.meaning else None
    by_words = day.thesaurus.by_words(question.text) if question.text.count(" ") > 1 else ()
    return by_words if vector is None else mixed(by_words, day.thesaurus.by_meaning(vector))


def on_topic(day: Day, number: int) -> Scores:
    """How likely each paper is about the topic at that place of the thesaurus, where that is likely at all."""
    if number not in day.on_topic and day.thesaurus:
        day.on_topic[number] = probabilities(day, day.thesaurus.topics[number], LEAST_ON_TOPIC)
    return day.on_topic[number]


def _topic_odds(day: Day, interest: Interest, least: float) -> Scores:
    """A topic: its phrases, its name, and how close the paper is to what the topic is about."""
    close = day.closeness(interest.profile)
    weights = judging.TOPIC_BY_WORDS if close is None else judging.TOPIC
    odds = defaultdict[int, float](lambda: weights.usual)
    for number, found in all_hits(day, interest.criteria.quoted).items():
        odds[number] += phrase_odds(day, found, weights)
    for number, share in day.coverage.of(interest.label).items():
        odds[number] += weights.name * share
    for number, closeness in enumerate(() if close is None else close.tolist()):
        if number in odds or weights.usual + weights.closeness * closeness >= least:
            odds[number] += weights.closeness * closeness
    return odds


def _own_odds(day: Day, criteria: Criteria, least: float) -> Scores:
    """A reader's own filter: any of its phrases in a row, or the words and the meaning of a name or a sentence."""
    phrases = [phrase for phrase in (*criteria.phrases, *criteria.quoted) if day.hits(phrase)]
    odds = _row_odds(day, phrases) if len(phrases) != 1 else _kept_row_odds(day, phrases[0])
    for question in questions(criteria):
        if found := _kept_text_odds(day, question, least):
            odds = _higher(odds, found)
    return odds


def _row_odds(day: Day, phrases: list[str]) -> Scores:
    """What phrases in a row say for each paper."""
    odds = {number: phrase_odds(day, found, judging.OWN) for number, found in all_hits(day, phrases).items()}
    for number, off in _commonness(day, phrases).items():
        odds[number] -= off
    return odds


def _kept_row_odds(day: Day, phrase: str) -> Scores:
    """Few texts of a million are alike, but most of the phrases that are found stand in many of them."""
    found = day.row_odds.get(phrase)
    return day.row_odds.keep(phrase, _row_odds(day, [phrase])) if found is None else found


def _higher(one: Scores, other: Scores) -> Scores:
    """The higher of the odds of each paper."""
    if not one:
        return other
    return {number: max(one.get(number, -math.inf), other.get(number, -math.inf)) for number in one.keys() | other}


def phrase_odds(day: Day, found: Found, weights: PhraseWeights) -> float:
    """What phrases in a row say for a paper, by where and how often they stand in it."""
    title, early, often, many = phrase_evidence(day, found)
    return weights.found + weights.title * title + weights.early * early + weights.often * often + weights.many * many


def phrase_evidence(day: Day, found: Found) -> tuple[float, float, float, float]:
    """Whether they stand in the title; how early in the abstract (1: at its beginning); the logarithms of how often,
    and of how many different ones."""
    hits = found[0] if len(found) == 1 else [hit for each in found for hit in each]
    places = {hit.field.name for hit in hits}
    if "title" in places:
        early = 1.0
    elif "abstract" in places:
        early = 1 - min(day.texts.depth(hit) for hit in hits if hit.field.name == "abstract")
    else:
        early = 0.0
    often, many = min(len(hits), judging.MOST_MENTIONS), min(len(found), judging.MOST_MENTIONS)
    return float("title" in places), early, math.log(often), math.log(many)


def _kept_text_odds(day: Day, question: Question, least: float) -> Scores:
    """The same name is asked for by many readers, beside others of their own."""
    key = (question.name, question.text, least)
    found = day.text_odds.get(key)
    return day.text_odds.keep(key, text_odds(day, question, least)) if found is None else found


def text_odds(day: Day, question: Question, least: float) -> Scores:
    """What the words, the meaning and the topics of a text say for each paper, where that may reach `least`.

    Nearly all papers are far from it: those are never looked at one by one.
    """
    if _says_too_little(day, question, least):
        return {}
    close = day.closeness(question.text)
    weights = question.by_words if close is None else question.by_meaning
    on_topics = _on_topics(day, question)
    base = weights.usual if close is None else weights.usual + weights.closeness * float(close.max())
    most = base + weights.name + weights.topics * max(on_topics.values(), default=0.0)
    needed = (least - most) / weights.coverage  # of the text's words
    if needed > 1:
        return {}
    covered = day.coverage.of(question.text, max(0.0, needed))
    named = day.coverage.of(question.name) if question.name else {}
    candidates = covered.keys() | on_topics.keys() | _close(close, weights, least)
    return {
        number: weights.usual
        + weights.coverage * covered.get(number, 0.0)
        + weights.name * named.get(number, 0.0)
        + weights.topics * on_topics.get(number, 0.0)
        + (0.0 if close is None else weights.closeness * float(close[number]))
        for number in candidates
    }


def _says_too_little(day: Day, question: Question, least: float) -> bool:
    """Whether it is two words that name no topic: apart from one another they are no reason to choose a paper."""
    if question.name or question.text.count(" ") > 1:
        return False
    is_named = day.thesaurus and day.thesaurus.named(question.text)
    return not is_named and question.by_words.usual + question.by_words.coverage < least


def _close(close: "Vectors | None", weights: TextWeights, least: float) -> set[int]:
    """The papers that are so close in meaning that nothing else need speak for them."""
    if close is None:
        return set()
    return set((close >= (least - weights.usual) / weights.closeness).nonzero()[0].tolist())


def _on_topics(day: Day, question: Question) -> Scores:
    """How much each paper is on the topics that the question speaks of, 0…1."""
    scores: Scores = {}
    for topic, weight in topics_in(day, question):
        for number, score in on_topic(day, topic).items():
            scores[number] = scores.get(number, 0.0) + weight * score
    return scores


def _commonness(day: Day, phrases: Iterable[str]) -> Scores:
    """What is taken off where no phrase is found but such that stand in many papers, and so tell little."""
    off: Scores = {}
    for phrase in phrases:
        hits = day.hits(phrase)
        share = (len(hits) + coverage.BEFOREHAND * coverage.SHARE_OF_OTHERS) / (len(day.papers) + coverage.BEFOREHAND)
        common = judging.COMMON_WEIGHT * max(0.0, math.log(share / judging.COMMON_SHARE))
        for number in hits:
            off[number] = min(common, off.get(number, common))
    return off


def _by_rule(day: Day, criteria: Criteria) -> Iterator[tuple[int, float]]:
    for wanted in criteria.authors:
        yield from ((number, judging.BY_AUTHOR) for number, _ in day.people.find(wanted))
    for pattern in criteria.categories:
        yield from ((number, judging.IN_CATEGORY) for number, _ in day.categories.find(pattern))
    if criteria.min_votes and not replace(criteria, min_votes=0).wants_something:
        yield from ((number, judging.WITH_VOTES) for number in range(len(day.papers)))


def _without_the_unwanted(day: Day, criteria: Criteria, scores: Scores) -> Scores:
    if criteria.exclusions:
        excluded = {number for phrase in criteria.exclusions for number in day.hits(phrase)}
        scores = {number: score for number, score in scores.items() if number not in excluded}
    if criteria.min_votes:
        scores = {n: score for n, score in scores.items() if day.papers[n].votes >= criteria.min_votes}
    return scores


def all_hits(day: Day, phrases: Iterable[str]) -> dict[int, Found]:
    """For each paper, the hits of each phrase that stands in it."""
    found: dict[int, Found] = defaultdict(list)
    for phrase in phrases:
        for number, hits in day.hits(phrase).items():
            found[number].append(hits)
    return found
