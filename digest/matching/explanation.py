"""Explanation of a match: the reasons why an interest matches a paper, strongest first. Pure."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace

from digest.matching import scoring_weights
from digest.matching.corpus import Corpus
from digest.matching.phrase_index import PhraseHit
from digest.matching.scoring import Question, on_topic, phrase_odds, questions, said_by, topics_in
from digest.matching.similarity import Vectors
from digest.matching.tokens import families_of
from digest.matching.types import Interest, Reason

RULES = {"author": 6.0, "category": 0.1, "votes": 0.05}  # weights, comparable to those of other reasons


def explain(day: Corpus, interest: Interest, number: int, least: float) -> tuple[Reason, ...]:
    """Return the reasons why `interest` matches paper `number`, for a reader with the threshold `least`."""
    reasons = [
        *_narrower(day, interest, number, least),
        *_phrases(day, interest, number),
        *_texts(day, interest, number, least),
        *_rules(day, interest, number),
    ]
    if not reasons and not interest.about:
        asked = questions(day, interest.criteria, scoring_weights.odds(least))
        reasons = [reason for question in asked for reason in _words(day, interest, number, question, telling=0.0)]
    # Drop duplicates: the phrases “world model” and “world models” match the same words.
    once: dict[tuple[str, str], Reason] = {}
    for reason in sorted(reasons, key=lambda reason: -reason.weight):
        once.setdefault((reason.kind, reason.found.casefold()), reason)
    return tuple(once.values())


def _narrower(day: Corpus, interest: Interest, number: int, least: float) -> Iterator[Reason]:
    """Yield the narrower topics of a broader one that match the paper, with their reasons.

    Reasons of kind "meaning" are left out, because they only repeat the topic's name.
    """
    likely = {topic: float(on_topic(day, topic)[number]) for topic in interest.narrower}
    # Name the topics that pass the balanced threshold; if none does, only the likeliest one.
    least_told = max(
        min(scoring_weights.LEAST.values()),
        min(scoring_weights.LEAST[scoring_weights.BALANCED], max(likely.values(), default=0.0)),
    )
    for topic, score in likely.items():
        if score >= least_told:
            adds = scoring_weights.odds(round(min(score, scoring_weights.SURE), 2)) - scoring_weights.TOPIC.usual
            yield Reason(interest.label, "topic", topic.label, "", adds)
            reasons = explain(day, topic, number, least)
            yield from (replace(reason, interest=interest.label) for reason in reasons if reason.kind != "meaning")


def _phrases(day: Corpus, interest: Interest, number: int) -> Iterator[Reason]:
    for phrase in _standing(day, interest, number):
        key = (interest.label, phrase, number)
        found = day.reasons.get(key)
        yield from found or day.reasons.keep(key, (_phrase(day, interest.label, phrase, number),))


def _standing(day: Corpus, interest: Interest, number: int) -> Iterator[str]:
    """Yield the phrases of `interest` that the paper contains word for word."""
    for phrase in (*interest.criteria.phrases, *interest.criteria.quoted):
        if number in day.row(phrase).standings:
            yield phrase


def _phrase(day: Corpus, label: str, phrase: str, number: int) -> Reason:
    first = min((hit for hit in day.texts.find(phrase) if hit.field.paper == number), key=_rank)
    weight = phrase_odds(day.row(phrase).standings[number], scoring_weights.OWN)
    return Reason(label, "phrase", day.texts.written(first), first.field.name, weight)


def _rank(hit: PhraseHit) -> int:
    return ("title", "abstract", "keywords").index(hit.field.name)


def _texts(day: Corpus, interest: Interest, number: int, least: float) -> Iterator[Reason]:
    """Yield the reasons that a topic, a name or a sentence has beyond exact phrases."""
    if interest.about and not interest.criteria.quoted:
        return  # a broader topic without phrases of its own only matches through its narrower topics
    if interest.about:
        close = day.closeness(interest.profile)
        yield from _meaning(interest, number, close, interest.label, scoring_weights.TOPIC.closeness)
        yield from _wording(day, interest, number)
        return
    for question in questions(day, interest.criteria, scoring_weights.odds(least)):
        key = (interest.label, question.name, question.text, number)
        found = day.reasons.get(key)
        yield from day.reasons.keep(key, tuple(_text(day, interest, number, question))) if found is None else found


def _text(day: Corpus, interest: Interest, number: int, question: Question) -> Iterator[Reason]:
    weights = question.by_meaning
    shown = question.name if question.is_name else interest.criteria.sentence
    yield from _meaning(interest, number, said_by(day, question).close, shown, weights.closeness)
    yield from _words(day, interest, number, question)
    for topic, weight in topics_in(day, question, day.vector(question.text)):
        adds = weights.topics * weight * float(on_topic(day, topic)[number])
        if adds >= scoring_weights.ON_TOPIC:
            yield Reason(interest.label, "topic", topic.label, "", adds)


def _meaning(interest: Interest, number: int, close: Vectors | None, shown: str, weight: float) -> Iterator[Reason]:
    if close is not None and close[number] >= scoring_weights.CLOSE:
        yield Reason(interest.label, "meaning", shown, "", weight * float(close[number]))


def _words(
    day: Corpus, interest: Interest, number: int, question: Question, telling: float = scoring_weights.TELLING
) -> Iterator[Reason]:
    """Yield the words of a name or a sentence, at least as rare as `telling`, that the paper contains one by one."""
    if question.is_name and number in day.row(question.name).standings:
        return
    in_a_row = {word for phrase in _standing(day, interest, number) for word in families_of(phrase)}
    rare = {word for word in families_of(question.text) if day.coverage.rarity(word) >= telling} - in_a_row
    covered = float(said_by(day, question).covered[number])
    yield from _written(day, interest, number, question.text, rare, question.by_meaning.coverage * covered)


def _wording(day: Corpus, interest: Interest, number: int) -> Iterator[Reason]:
    """Yield the words of a topic's phrases that the paper contains, if it contains no whole phrase."""
    if day.wording is None or any(number in day.row(phrase).standings for phrase in interest.criteria.quoted):
        return
    adds = scoring_weights.TOPIC.words * float(day.wording.of(interest)[number])
    if adds >= scoring_weights.ON_TOPIC:
        telling = day.wording.telling(interest, number)
        yield from _written(day, interest, number, " ".join(interest.criteria.quoted), telling, adds)


def _written(
    day: Corpus, interest: Interest, number: int, text: str, telling: AbstractSet[str], weight: float
) -> Iterator[Reason]:
    """Yield a reason for each field with words of the families in `telling`, as the paper writes them."""
    found = [pair for pair in day.coverage.written(text, number) if pair[2] in telling]
    for field in dict.fromkeys(name for _, name, _ in found):
        words = [word for word, name, _ in found if name == field]
        yield Reason(interest.label, "words", ", ".join(words), field, weight * len(words) / len(found))


def _rules(day: Corpus, interest: Interest, number: int) -> Iterator[Reason]:
    for wanted in interest.criteria.authors:
        for place, name in day.people.find(wanted):
            if place == number:
                yield Reason(interest.label, "author", name, "authors", RULES["author"])
    for pattern in interest.criteria.categories:
        for place, category in day.categories.find(pattern):
            if place == number:
                yield Reason(interest.label, "category", category, "categories", RULES["category"])
    if interest.criteria.min_votes:
        yield Reason(interest.label, "votes", str(day.papers[number].votes), "votes", RULES["votes"])
