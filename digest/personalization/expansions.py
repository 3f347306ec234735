"""The expansions of readers' texts by the archive: computed in the background, and stored for all workers."""

import datetime as dt
import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Subquery

from digest.matching import Interest
from digest.matching.assembly import center_of, text_of, thesaurus_of
from digest.matching.bm25 import NO_COUNTS, WordCounts
from digest.matching.cache import BoundedCache
from digest.matching.corpus import AskedText, Corpus, EarlierPapers
from digest.matching.expansion import MIN_PAPERS, Archive, Expansion, ExpansionWord
from digest.matching.scoring_weights import THRESHOLDS, odds
from digest.matching.text_questions import questions
from digest.models import ArchiveWords, Paper, TextExpansion
from digest.personalization import embeddings
from subscriptions.models import TopicFilter
from subscriptions.query.grammar import Criteria, FilterError, parse

if TYPE_CHECKING:
    from digest.matching.similarity import Vectors

ARCHIVE = 3_000  # papers, the newest
FILTERS_PER_RUN = 2_000  # the newest, and as many older ones in turn
WORDS_SHOWN = 8  # words of a text that its reader sees: those that count most
RENEW = dt.timedelta(days=30)  # the archive has changed by then
A_WEEK = dt.timedelta(days=7)
CHUNK = 500  # keys in a query
NEXT_OLDER_AFTER = 60  # seconds until other older filters are checked


def earlier_papers() -> EarlierPapers:
    """Return what is stored about words and texts, for an index."""
    row = ArchiveWords.objects.first()
    return EarlierPapers(WordCounts(row.papers, row.counts) if row else NO_COUNTS, _LookUp())


class SharedWords(NamedTuple):
    """A text of a filter, and the words that are looked for, too, because earlier papers share them."""

    text: str
    words: tuple[str, ...]


def shared_words(corpus: Corpus, criteria: Criteria) -> tuple[SharedWords, ...]:
    """Return the words that are looked for in addition, for each text of a filter that has some."""
    found = ((text, of_text(text, ignored)) for text, ignored in texts_in(corpus, criteria))
    return tuple(
        SharedWords(text, tuple(word.word for word in expansion.words[:WORDS_SHOWN]))
        for text, expansion in found
        if expansion and expansion.words
    )


def of_text(text: str, ignored: tuple[str, ...] = ()) -> Expansion | None:
    """Return the stored expansion of `text`, or None."""
    return of_texts([(text, ignored)]).get((text, ignored))


def of_texts(texts: Sequence[AskedText]) -> dict[AskedText, Expansion]:
    """Return the stored expansions of `texts`."""
    found: dict[AskedText, Expansion] = {}
    for start in range(0, len(texts), CHUNK):
        keys = {text: key_of(text) for text in texts[start : start + CHUNK]}
        rows = {row.key: _expansion(row) for row in TextExpansion.objects.filter(key__in=set(keys.values()))}
        found |= {text: rows[key] for text, key in keys.items() if key in rows}
    return found


def texts_in(corpus: Corpus, criteria: Criteria) -> Iterator[AskedText]:
    """Yield the texts of a filter that can be expanded."""
    for question in questions(corpus, criteria, odds(THRESHOLDS["more"])):
        yield question.text, question.ignored


def expand_missing(topics: Sequence[Interest], *, now: dt.datetime, seconds: float) -> int:
    """Compute the expansions of readers' texts that are missing or old. Return their number.

    Stop after `seconds`, or a little later. The rest is done the next time.
    """
    stop_at = time.monotonic() + seconds
    texts = _outdated(_texts(topics, now), now.date())
    if not texts and ArchiveWords.objects.filter(made_on__gt=now.date() - A_WEEK).exists():
        return 0
    archive = _archive(topics, stop_at)
    if archive is None:
        return 0
    _store_words(archive.word_counts, now.date())
    done = 0
    for text in texts:
        if time.monotonic() > stop_at:
            break
        _store(text, _expand(archive, text), now.date())
        done += 1
    if done:
        ArchiveWords.objects.update(expanded_at=now)
    return done


class ArchiveState(NamedTuple):
    """The state of the archive's word counts, and the time when an expansion was stored last."""

    papers: int = 0
    made_on: dt.date | None = None
    expanded_at: dt.datetime | None = None


def state() -> ArchiveState:
    row = ArchiveWords.objects.values_list(*ArchiveState._fields).first()
    return ArchiveState(*row) if row else ArchiveState()


def state_columns() -> list[Subquery]:
    """Return the fields of the state as columns of another query, which saves one."""
    return [Subquery(ArchiveWords.objects.values(name)[:1]) for name in ArchiveState._fields]


def delete_unused(*, now: dt.datetime) -> int:
    """Delete the expansions that have not been used for as long as unused embeddings are kept. Return their number."""
    return TextExpansion.objects.filter(used_on__lt=now.date() - embeddings.KEEP).delete()[0]


def key_of(text: AskedText) -> str:
    return hashlib.sha256("\n".join((text[0], *sorted(text[1]))).encode()).hexdigest()


class _LookUp:
    """The stored expansion of a text. Expansions are kept, because each text is looked up for several thresholds."""

    def __init__(self) -> None:
        self._kept: BoundedCache[AskedText, tuple[Expansion | None]] = BoundedCache()

    def __call__(self, texts: Sequence[AskedText]) -> list[Expansion | None]:
        known = {text: kept for text in texts if (kept := self._kept.get(text)) is not None}
        if missing := [text for text in texts if text not in known]:
            found = of_texts(missing)
            known |= {text: self._kept.put(text, (found.get(text),)) for text in missing}
        return [known[text][0] for text in texts]


def _store_words(counts: WordCounts, today: dt.date) -> None:
    """Store the word counts of the archive, once a day if it has not grown: indexes are made again with new counts."""
    values = {"papers": counts.papers, "counts": counts.counts, "made_on": today}
    if not ArchiveWords.objects.filter(papers=counts.papers, made_on=today).exists():
        ArchiveWords.objects.update_or_create(pk=1, defaults=values)


def _texts(topics: Sequence[Interest], now: dt.datetime) -> list[AskedText]:
    """Return the texts of topics with examples, of the newest filters, and of some older ones: all have their turn."""
    learned = [(topic.about, ()) for topic in topics if topic.vector]
    corpus = Corpus((), None, thesaurus_of(topics))
    own = TopicFilter.objects.filter(topic=None).order_by("-pk").values_list("words", flat=True)
    turns = max(1, -(-own.count() // FILTERS_PER_RUN))
    start = int(now.timestamp()) // NEXT_OLDER_AFTER % turns * FILTERS_PER_RUN
    rows = dict.fromkeys([*own[:FILTERS_PER_RUN], *own[start : start + FILTERS_PER_RUN]])
    return list(dict.fromkeys([*learned, *(text for words in rows for text in texts_in(corpus, _parse(words)))]))


def _parse(words: str) -> Criteria:
    try:
        return parse(words)
    except FilterError:
        return Criteria()  # a filter that was readable once


def _outdated(texts: Sequence[AskedText], today: dt.date) -> list[AskedText]:
    """Return those of `texts` that have no expansion yet, or an old one."""
    keys = {key_of(text): text for text in texts}
    known: dict[str, TextExpansion] = {}
    for start in range(0, len(keys), CHUNK):
        rows = TextExpansion.objects.filter(key__in=list(keys)[start : start + CHUNK]).only("key", "made_on", "used_on")
        known |= {row.key: row for row in rows}
        used = [row.pk for row in rows if row.used_on < today - A_WEEK]
        TextExpansion.objects.filter(pk__in=used).update(used_on=today)
    return [text for key, text in keys.items() if key not in known or known[key].made_on < today - RENEW]


def _archive(topics: Sequence[Interest], stop_at: float) -> Archive | None:
    """Return the archive, or None if it has too few papers, or too few with an embedding yet."""
    papers = list(Paper.objects.order_by("-pk").only("title", "abstract", "keywords")[:ARCHIVE])
    vectors: Vectors | None = None
    center: Vectors | None = None
    if embeddings.is_available():
        known = _vectors(papers, stop_at)
        papers = [paper for paper in papers if text_of(paper) in known]
        if len(papers) >= MIN_PAPERS:
            vectors = embeddings.stack(known[text_of(paper)] for paper in papers)
            profiles = embeddings.of_texts([topic.profile for topic in topics], embeddings.Kind.TOPIC)
            center = center_of(embeddings.stack(profiles.values()))
    return Archive(papers, vectors, center) if len(papers) >= MIN_PAPERS else None


def _vectors(papers: Iterable[Paper], stop_at: float) -> "dict[str, Vectors]":
    """Return the embeddings of the papers by text. Compute missing ones, the newest first, until `stop_at`."""
    texts = [text_of(paper) for paper in papers]
    known = embeddings.known(texts)
    for text in texts:
        if text not in known and time.monotonic() < stop_at:
            known |= embeddings.of_texts([text], embeddings.Kind.PAPER)
    return known


def _expand(archive: Archive, text: AskedText) -> Expansion:
    vector = None
    if embeddings.is_available():
        vector = embeddings.of_texts([text[0]], embeddings.Kind.ASKED)[text[0]]
    return archive.expand(text[0], vector, text[1])


def _store(text: AskedText, expansion: Expansion, today: dt.date) -> None:
    values = {
        "words": [[word.family, round(word.weight, 4), word.word] for word in expansion.words],
        "words_mean": expansion.words_mean,
        "values": None if expansion.vector is None else expansion.vector.tobytes(),
        "values_mean": expansion.vector_mean,
        "made_on": today,
        "used_on": today,
    }
    TextExpansion.objects.update_or_create(key=key_of(text), defaults=values)


def _expansion(row: TextExpansion) -> Expansion:
    vector = None
    if row.values is not None and embeddings.is_available():
        import numpy as np

        vector = np.frombuffer(row.values, np.float32)
    words = tuple(ExpansionWord(family, weight, word) for family, weight, word in row.words)
    return Expansion(words, row.words_mean, vector, row.values_mean)
