"""Explanation of a match: the reasons why an interest matches a paper, strongest first. Pure."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace

from digest.matching import scoring_weights
from digest.matching.corpus import Corpus
from digest.matching.phrase_index import PhraseHit
from digest.matching.scoring import phrase_odds, text_evidence, topic_probabilities
from digest.matching.similarity import Vectors
from digest.matching.text_features import topics_of
from digest.matching.text_questions import Question, questions
from digest.matching.tokens import families_of
from digest.matching.types import Interest, Reason

RULE_WEIGHTS = {"author": 6.0, "category": 0.1, "votes": 0.05}  # weights, comparable to those of other reasons


def explain(corpus: Corpus, interest: Interest, number: int, threshold: float) -> tuple[Reason, ...]:
    """Return the reasons why `interest` matches paper `number`, for a reader who wants it at this `threshold`."""
    reasons = [
        *_narrower_topic_reasons(corpus, interest, number, threshold),
        *_phrase_reasons(corpus, interest, number),
        *_text_reasons(corpus, interest, number, threshold),
        *_assessment_reason(corpus, interest, number),
        *_rule_reasons(corpus, interest, number),
    ]
    if not reasons and not interest.about:
        for question in questions(corpus, interest.criteria, scoring_weights.odds(threshold)):
            reasons += _word_reasons(corpus, interest, number, question, min_rarity=0.0)
    # Drop duplicates: the phrases “world model” and “world models” match the same words.
    unique: dict[tuple[str, str], Reason] = {}
    for reason in sorted(reasons, key=lambda reason: -reason.weight):
        unique.setdefault((reason.kind, reason.found.casefold()), reason)
    return tuple(unique.values())


def _narrower_topic_reasons(corpus: Corpus, interest: Interest, number: int, threshold: float) -> Iterator[Reason]:
    """Yield the narrower topics of a broader one that match the paper, with their reasons.

    Reasons of kind "meaning" are left out, because they only repeat the topic's name.
    """
    likely = {topic: float(topic_probabilities(corpus, topic, assessed=True)[number]) for topic in interest.narrower}
    # Name the topics that pass the balanced threshold; if none does, only the likeliest one.
    topic_threshold = max(
        min(scoring_weights.THRESHOLDS.values()),
        min(scoring_weights.THRESHOLDS[scoring_weights.BALANCED], max(likely.values(), default=0.0)),
    )
    for topic, score in likely.items():
        if score >= topic_threshold:
            odds = scoring_weights.odds(round(min(score, scoring_weights.MAX_PROBABILITY), 2))
            weight = odds - scoring_weights.TOPIC.intercept
            yield Reason(interest.label, "topic", topic.label, "", weight)
            reasons = explain(corpus, topic, number, threshold)
            yield from (replace(reason, interest=interest.label) for reason in reasons if reason.kind != "meaning")


def _phrase_reasons(corpus: Corpus, interest: Interest, number: int) -> Iterator[Reason]:
    for phrase in _contained_phrases(corpus, interest, number):
        key = (interest.label, phrase, number)
        found = corpus.reasons.get(key)
        yield from found or corpus.reasons.put(key, (_phrase_reason(corpus, interest.label, phrase, number),))


def _contained_phrases(corpus: Corpus, interest: Interest, number: int) -> Iterator[str]:
    """Yield the phrases of `interest` that the paper contains word for word."""
    for phrase in (*interest.criteria.phrases, *interest.criteria.quoted):
        if number in corpus.phrase_match(phrase).positions:
            yield phrase


def _phrase_reason(corpus: Corpus, label: str, phrase: str, number: int) -> Reason:
    first = min((hit for hit in corpus.phrase_index.find(phrase) if hit.field.paper == number), key=_field_rank)
    weight = phrase_odds(corpus.phrase_match(phrase).positions[number], scoring_weights.READER_PHRASES)
    return Reason(label, "phrase", corpus.phrase_index.written(first), first.field.name, weight, phrase)


def _field_rank(hit: PhraseHit) -> int:
    return ("title", "abstract", "keywords").index(hit.field.name)


def _text_reasons(corpus: Corpus, interest: Interest, number: int, threshold: float) -> Iterator[Reason]:
    """Yield the reasons that a topic, a name or a sentence has beyond exact phrases."""
    if interest.about and not interest.criteria.quoted:
        return  # a broader topic without phrases of its own only matches through its narrower topics
    if interest.about:
        closeness = corpus.topic_closeness(interest)
        yield from _similarity_reason(interest, number, closeness, interest.label, scoring_weights.TOPIC.closeness)
        yield from _topic_word_reasons(corpus, interest, number)
        return
    for question in questions(corpus, interest.criteria, scoring_weights.odds(threshold)):
        key = (interest.label, question.name, question.text, number)
        found = corpus.reasons.get(key)
        if found is None:
            found = corpus.reasons.put(key, tuple(_question_reasons(corpus, interest, number, question)))
        yield from found


def _question_reasons(corpus: Corpus, interest: Interest, number: int, question: Question) -> Iterator[Reason]:
    weights = question.weights
    shown = question.name if question.is_name else interest.criteria.sentence
    features = text_evidence(corpus, question).features
    yield from _similarity_reason(interest, number, features.closeness, shown, weights.closeness)
    yield from _word_reasons(corpus, interest, number, question)
    for topic, share in topics_of(corpus, features):
        weight = weights.topics * share * float(topic_probabilities(corpus, topic)[number])
        if weight >= scoring_weights.MIN_REASON_WEIGHT:
            asked = question.name if question.is_name else ""
            yield Reason(interest.label, "topic", topic.label, "", weight, asked)


def _similarity_reason(
    interest: Interest, number: int, closeness: Vectors | None, shown: str, weight: float
) -> Iterator[Reason]:
    if closeness is not None and closeness[number] >= scoring_weights.MIN_CLOSENESS:
        yield Reason(interest.label, "meaning", shown, "", weight * float(closeness[number]))


def _word_reasons(
    corpus: Corpus, interest: Interest, number: int, question: Question, min_rarity: float = scoring_weights.MIN_RARITY
) -> Iterator[Reason]:
    """Yield the words of a name or a sentence, at least as rare as `min_rarity`, that the paper contains one by one."""
    if question.is_name and number in corpus.phrase_match(question.name).positions:
        return
    in_a_row = {word for phrase in _contained_phrases(corpus, interest, number) for word in families_of(phrase)}
    rare = {word for word in families_of(question.text) if corpus.bm25_index.rarity(word) >= min_rarity} - in_a_row
    weight = question.weights.words * float(text_evidence(corpus, question).features.words[number])
    for reason in _reasons_by_field(corpus, interest, number, question.text, rare, weight):
        yield replace(reason, asked=question.name if question.is_name else "")


def _topic_word_reasons(corpus: Corpus, interest: Interest, number: int) -> Iterator[Reason]:
    """Yield the words of a topic's phrases that the paper contains, if it contains no whole phrase."""
    if corpus.term_overlap is None or any(
        number in corpus.phrase_match(phrase).positions for phrase in interest.criteria.quoted
    ):
        return
    weight = scoring_weights.TOPIC.words * float(corpus.term_overlap.overlap(interest)[number])
    if weight >= scoring_weights.MIN_REASON_WEIGHT:
        families = corpus.term_overlap.top_words(interest, number)
        yield from _reasons_by_field(corpus, interest, number, " ".join(interest.criteria.quoted), families, weight)


def _reasons_by_field(
    corpus: Corpus, interest: Interest, number: int, text: str, families: AbstractSet[str], weight: float
) -> Iterator[Reason]:
    """Yield a reason for each field with words of the families in `families`, as the paper writes them."""
    found = [pair for pair in corpus.bm25_index.matching_words(text, number) if pair[2] in families]
    for field in dict.fromkeys(name for _, name, _ in found):
        words = [word for word, name, _ in found if name == field]
        yield Reason(interest.label, "words", ", ".join(words), field, weight * len(words) / len(found))


def _assessment_reason(corpus: Corpus, interest: Interest, number: int) -> Iterator[Reason]:
    if corpus.assessments_of(interest).get(number):
        shown = interest.label if interest.about else interest.criteria.sentence or ", ".join(interest.criteria.phrases)
        yield Reason(interest.label, "assessment", shown, "", scoring_weights.ASSESSMENT)


def _rule_reasons(corpus: Corpus, interest: Interest, number: int) -> Iterator[Reason]:
    for wanted in interest.criteria.authors:
        for place, name in corpus.authors.find(wanted):
            if place == number:
                yield Reason(interest.label, "author", name, "authors", RULE_WEIGHTS["author"])
    for pattern in interest.criteria.categories:
        for place, category in corpus.categories.find(pattern):
            if place == number:
                yield Reason(interest.label, "category", category, "categories", RULE_WEIGHTS["category"])
    if interest.criteria.min_votes:
        yield Reason(interest.label, "votes", str(corpus.papers[number].votes), "votes", RULE_WEIGHTS["votes"])
