"""Why an interest asks for a paper: all the reasons, the strongest first. Pure."""

from collections.abc import Iterator

from digest.matching import judging
from digest.matching.day import Day
from digest.matching.findings import Interest, Reason
from digest.matching.scoring import Question, on_topic, phrase_odds, questions, topics_in
from digest.matching.texts import Hit

RULES = {"author": 6.0, "category": 0.1, "votes": 0.05}  # what they weigh among other reasons


def explain(day: Day, interest: Interest, number: int) -> tuple[Reason, ...]:
    """What `interest` found in the paper at `number`."""
    reasons = [*_phrases(day, interest, number), *_texts(day, interest, number), *_rules(day, interest, number)]
    # Each thing once: the phrases “world model” and “world models” find the same.
    once: dict[tuple[str, str], Reason] = {}
    for reason in sorted(reasons, key=lambda reason: -reason.weight):
        once.setdefault((reason.kind, reason.found.casefold()), reason)
    return tuple(once.values())


def _phrases(day: Day, interest: Interest, number: int) -> Iterator[Reason]:
    for phrase in (*interest.criteria.phrases, *interest.criteria.quoted):
        if hits := day.hits(phrase).get(number):
            key = (interest.label, phrase, number)
            found = day.reasons.get(key)
            yield from found or day.reasons.keep(key, (_phrase(day, interest.label, hits),))


def _phrase(day: Day, label: str, hits: list[Hit]) -> Reason:
    first = min(hits, key=_rank)
    weight = phrase_odds(day, [hits], judging.OWN)
    return Reason(label, "phrase", day.texts.written(first), first.field.name, weight)


def _rank(hit: Hit) -> int:
    return ("title", "abstract", "keywords").index(hit.field.name)


def _texts(day: Day, interest: Interest, number: int) -> Iterator[Reason]:
    """What speaks for a topic, a name or a sentence beyond phrases in a row."""
    if interest.about:
        yield from _meaning(day, interest, number, interest.profile, interest.label, judging.TOPIC.closeness)
        return
    for question in questions(interest.criteria):
        key = (interest.label, question.name, question.text, interest.criteria.sentence, number)
        found = day.reasons.get(key)
        yield from day.reasons.keep(key, tuple(_text(day, interest, number, question))) if found is None else found


def _text(day: Day, interest: Interest, number: int, question: Question) -> Iterator[Reason]:
    weights = question.by_meaning
    shown = interest.criteria.sentence or question.text
    yield from _meaning(day, interest, number, question.text, shown, weights.closeness)
    yield from _words(day, interest, number, question)
    for topic, weight in topics_in(day, question):
        adds = weights.topics * weight * on_topic(day, topic).get(number, 0.0)
        if adds >= judging.ON_TOPIC and day.thesaurus:
            yield Reason(interest.label, "topic", day.thesaurus.topics[topic].label, "", adds)


def _meaning(day: Day, interest: Interest, number: int, text: str, shown: str, weight: float) -> Iterator[Reason]:
    close = day.closeness(text)
    if close is not None and close[number] >= judging.CLOSE:
        yield Reason(interest.label, "meaning", shown, "", weight * float(close[number]))


def _words(day: Day, interest: Interest, number: int, question: Question) -> Iterator[Reason]:
    """The words of a name or a sentence that the paper holds, where they don't stand in a row."""
    if number in day.hits(question.text):
        return
    found = day.coverage.written(question.text, number)
    rare = {word for word, weight in day.coverage.words_of(question.text) if weight >= judging.TELLING}
    found = [pair for pair in found if pair[2] in rare]
    if found:
        where = "title" if any(name == "title" for _, name, _ in found) else found[0][1]
        covered = day.coverage.of(question.text).get(number, 0.0)
        words = ", ".join(word for word, _, _ in found)
        yield Reason(interest.label, "words", words, where, question.by_meaning.coverage * covered)


def _rules(day: Day, interest: Interest, number: int) -> Iterator[Reason]:
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
