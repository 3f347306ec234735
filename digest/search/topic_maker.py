"""Topics that an admin makes from a name, a sentence and example papers, and improves by judging what they find.

The examples and judgements are kept (rows of `TopicExample`). They give the topic a vector, and propose its phrases.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import TYPE_CHECKING

from django.db import transaction

from digest.matching.assembly import text_of
from digest.matching.bm25 import Bm25Index
from digest.matching.similarity import MODEL
from digest.models import Paper, TopicExample
from digest.personalization import embeddings, profiles
from digest.search import fulltext, index_cache, topic_phrases
from digest.search.fulltext import search_terms
from subscriptions.models import Topic
from subscriptions.topics import areas

if TYPE_CHECKING:
    from digest.matching.similarity import Vectors

ARCHIVE = 3_000  # the newest papers, among which the closest to the examples are looked for
CLOSEST = 30  # papers that phrases are proposed from, in addition to the examples
CANDIDATES = 300  # papers that share words with the topic, if there are no embeddings
ASKED = 10  # papers that an admin judges at a time


@dataclass(frozen=True)
class JudgedPapers:
    """The papers that an admin gave or judged, by whether they are on the topic."""

    right: tuple[Paper, ...]
    wrong: tuple[Paper, ...]
    found: int  # judged papers that the topic had found when they were judged
    found_right: int  # those of them that are on the topic

    @property
    def found_wrong(self) -> int:
        return self.found - self.found_right


def make(name: str, slug: str, group: str, sentence: str, examples: Iterable[Paper]) -> Topic:
    """Store and return a new topic with proposed phrases. It is not offered to readers yet."""
    position = max(Topic.objects.values_list("position", flat=True), default=-1) + 1
    topic = Topic(name=name, slug=slug, group=group, description=sentence, position=position, is_offered=False)
    with transaction.atomic():
        topic.phrases = [name]
        topic.save()
        add_examples(topic, examples)
        topic.phrases = _with_name(topic, propose(topic))
        _learn(topic)
    return topic


def judged(topic: Topic) -> JudgedPapers:
    """Return the topic's example papers and judgements, oldest first."""
    rows = list(TopicExample.objects.filter(topic=topic).select_related("paper"))
    found = [row for row in rows if row.was_found]
    return JudgedPapers(
        right=tuple(row.paper for row in rows if row.is_right),
        wrong=tuple(row.paper for row in rows if not row.is_right),
        found=len(found),
        found_right=sum(row.is_right for row in found),
    )


def add_examples(topic: Topic, papers: Iterable[Paper]) -> None:
    for paper in papers:
        TopicExample.objects.update_or_create(topic=topic, paper=paper, defaults={"is_right": True})


def learn(topic: Topic, answers: dict[int, bool], phrases: Sequence[str]) -> list[str]:
    """Keep the answers (by the paper's id) and the phrases, and learn from all answers. Return the phrases dropped.

    A phrase is dropped if more wrong papers contain it than right ones.
    """
    with transaction.atomic():
        found = _found_ids(topic, answers)
        for paper in Paper.objects.filter(pk__in=answers):
            given = {"is_right": answers[paper.pk], "was_found": paper.pk in found}
            TopicExample.objects.update_or_create(topic=topic, paper=paper, defaults=given)
        now = judged(topic)
        dropped = topic_phrases.bad_phrases(phrases, now.right, now.wrong)
        topic.phrases = _with_name(topic, [phrase for phrase in phrases if phrase not in dropped])
        _learn(topic)
    return dropped


def propose(topic: Topic) -> list[str]:
    """Return phrases for the topic, best first: frequent in its examples and in similar papers, rare elsewhere."""
    now = judged(topic)
    recent = index_cache.last()
    count = len(recent.papers)

    def share(phrase: str) -> float:
        return (recent.holding(phrase) + 1) / (count + topic_phrases.PRIOR_PAPERS)

    return topic_phrases.propose(now.right, _closest(topic, now), now.wrong, share)


def to_judge(topic: Topic) -> list[tuple[Paper, bool]]:
    """Return the likeliest papers of the last editions not judged yet, each with True if the topic finds it."""
    judged_keys = set(TopicExample.objects.filter(topic=topic).values_list("paper__key", flat=True))
    interest = profiles.of_topic(topic)
    scores: dict[str, tuple[float, bool]] = {}
    for index in index_cache.last().indexes:
        found = index.answer(interest).scores
        for probability, number in index.rank(interest)[: ASKED + len(judged_keys)]:
            scores.setdefault(index.papers[number].key, (probability, number in found))
    best = nlargest(ASKED, scores.keys() - judged_keys, key=lambda key: (scores[key][0], key))
    rows = {paper.key: paper for paper in Paper.objects.filter(key__in=best)}
    return [(rows[key], scores[key][1]) for key in best if key in rows]


def offer(topic: Topic) -> None:
    """Offer the topic to readers."""
    Topic.objects.filter(pk=topic.pk).update(is_offered=True)
    areas.refresh()


def relearn_outdated() -> int:
    """Compute again the vectors that are from another sentence model. Return their number."""
    if not embeddings.is_available():
        return 0
    outdated = list(Topic.objects.filter(examples_used__gt=0).exclude(vector_model=MODEL))
    for topic in outdated:
        _learn(topic)
    return len(outdated)


def _learn(topic: Topic) -> None:
    """Compute the topic's vector from its examples, and store the topic."""
    now = judged(topic)
    topic.examples_used = len(now.right)
    topic.vector, topic.vector_model = b"", ""
    if now.right and (vector := _vector(topic, now)) is not None:
        import numpy as np

        topic.vector, topic.vector_model = vector.astype(np.float16).tobytes(), MODEL
    topic.save()


def _vector(topic: Topic, now: JudgedPapers) -> "Vectors | None":
    """Return the embedding of the name and the sentence, moved by the examples; None if matching is by words alone."""
    if not embeddings.is_available():
        return None
    import numpy as np

    from digest.search import rocchio

    papers = embeddings.of_texts(map(text_of, (*now.right, *now.wrong)), embeddings.Kind.PAPER)
    asked = embeddings.of_texts([topic.about], embeddings.Kind.TOPIC)[topic.about]
    background = embeddings.background()
    mean = background.mean(axis=0) if len(background) else np.zeros_like(asked)
    right, wrong = ([papers[text_of(paper)] for paper in group] for group in (now.right, now.wrong))
    return rocchio.moved(asked, right, wrong, mean)


def _closest(topic: Topic, now: JudgedPapers) -> list[Paper]:
    """Return the papers of the archive that are closest to the topic, without those already judged."""
    known = {paper.pk for paper in (*now.right, *now.wrong)}
    vector = _vector(topic, now)
    if vector is None:
        return [paper for paper in _sharing_words(topic, now) if paper.pk not in known]
    papers = list(Paper.objects.filter(is_hidden=False).order_by("-pk").only("title", "abstract", "keywords")[:ARCHIVE])
    vectors = embeddings.known(map(text_of, papers))
    near = {
        paper.pk: float(vector @ vectors[text])
        for paper in papers
        if (text := text_of(paper)) in vectors and paper.pk not in known
    }
    closest = set(nlargest(CLOSEST, near, key=lambda pk: near[pk]))
    return [paper for paper in papers if paper.pk in closest]


def _sharing_words(topic: Topic, now: JudgedPapers) -> list[Paper]:
    """Return the papers of the archive that cover the words of the topic and of its examples' titles best."""
    text = " ".join([topic.about, *(paper.title for paper in now.right)])
    asks = [*search_terms.phrase(topic.name, "all", "text"), *search_terms.sentence(text)]
    papers = list(Paper.objects.filter(pk__in=fulltext.find(asks, without=[], limit=CANDIDATES)))
    covered = Bm25Index(papers).coverage(text)
    return [papers[number] for number in nlargest(CLOSEST, range(len(papers)), key=lambda number: covered[number])]


def _found_ids(topic: Topic, answers: Iterable[int]) -> set[int]:
    """Return the ids of those papers that the topic finds in the last editions."""
    interest = profiles.of_topic(topic)
    keys = {
        index.papers[number].key for index in index_cache.last().indexes for number in index.answer(interest).scores
    }
    return set(Paper.objects.filter(pk__in=answers, key__in=keys).values_list("pk", flat=True))


def _with_name(topic: Topic, phrases: Iterable[str]) -> list[str]:
    """Return the phrases without repeated ones. A topic needs at least one, so its name takes the place of none."""
    return list(dict.fromkeys(phrases)) or [topic.name]
