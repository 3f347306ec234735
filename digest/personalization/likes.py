"""Learning from what readers liked, and the filters made from what was learned (rows of `LearnedLikes`).

A reader's ratings and saved papers are the truth. The model is learned again after each change. It needs the embeddings
of the rated papers, which are kept; if some are missing, a worker computes them and learns then.
"""

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from django.db import transaction
from django.db.models import Q

from digest.matching.assembly import text_of
from digest.matching.cache import BoundedCache
from digest.matching.similarity import MODEL, Vectors
from digest.models import LearnedLikes, Opinion, OutsidePaper, Paper, SavedPaper
from digest.personalization import embeddings, like_model
from digest.personalization.like_filter import Likes, PositiveExample
from digest.personalization.like_model import MAX_BACKGROUND, Background, LikeModel, PaperFeatures
from digest.personalization.word_features import NO_WORDS, Words, words_of
from subscriptions.models import Subscriber

MAX_RATED = 500  # of a reader's newest papers of each kind; learning from all takes a tenth of a second
MAX_EXAMPLES = 50  # newest liked papers that a reason may name
IN_DIGESTS_FOR = dt.timedelta(days=8)  # a digest may still bring such papers
CHUNK = 200
FIELDS = ("key", "title", "abstract")

Verdict = Opinion.Verdict
LIKED, SAVED, OUTSIDE = "liked", "saved", "outside"  # the last is a paper from elsewhere that the reader named
AnyPaper = Paper | OutsidePaper  # listed by a source, or named by a reader


class StoredLikes(NamedTuple):
    """The columns of `LearnedLikes` that make a filter."""

    subscriber_id: int
    encoder: str
    meaning: bytes | memoryview
    buckets: bytes | memoryview
    weights: bytes | memoryview
    offset: float
    words_factor: float
    words_offset: float
    examples: list[tuple[int, str]]


_examples: BoundedCache[tuple[bool, int], PositiveExample] = BoundedCache(4_000)  # 2 kB each


def learn(reader: Subscriber, *, now: dt.datetime) -> None:
    """Learn again from all that the reader rated and saved.

    If embeddings are missing, leave it to `learn_outdated`, and use the former model until then.
    """
    with transaction.atomic():
        Subscriber.objects.select_for_update().get(pk=reader.pk)  # no other process may change it meanwhile
        row = LearnedLikes.objects.filter(subscriber=reader).first() or LearnedLikes(subscriber=reader)
        liked, disliked = _rated(reader, row.since)
        if liked or disliked:
            _learn(row, liked, disliked, now)
        elif row.since:
            row.examples, row.learned_at, row.is_outdated, row.encoder = [], None, False, _encoder()
            row.save()
        elif row.pk:
            row.delete()


def ignore_ratings(reader: Subscriber, *, now: dt.datetime) -> None:
    """Ignore what the reader rated and saved before now. The ratings and the list stay."""
    LearnedLikes.objects.update_or_create(subscriber=reader, defaults={"since": now})
    learn(reader, now=now)


def learn_outdated(*, now: dt.datetime, seconds: float) -> int:
    """Learn the models that wait for embeddings, or that another sentence model was used for. Return their number."""
    stop_at = time.monotonic() + seconds
    done = 0
    outdated = LearnedLikes.objects.filter(Q(is_outdated=True) | ~Q(encoder=_encoder()))
    for row in outdated.select_related("subscriber").order_by("pk")[:CHUNK]:
        if embeddings.is_available():
            papers = (paper for rated in _rated(row.subscriber, row.since) for paper in rated)
            embeddings.of_texts(map(text_of, papers), embeddings.Kind.PAPER)
        learn(row.subscriber, now=now)
        done += 1
        if time.monotonic() > stop_at:
            break
    return done


def of_readers(ids: Iterable[int]) -> dict[int, Likes]:
    """Return the filters of the readers who have likes and did not opt out, in two or three queries for all of them."""
    learned = LearnedLikes.objects.filter(subscriber__in=ids, subscriber__follows_likes=True).exclude(learned_at=None)
    rows = [StoredLikes(*row) for row in learned.values_list(*StoredLikes._fields)]  # a model instance takes longer
    examples = _examples_of({_key(*example) for row in rows for example in row.examples})
    encoder = _encoder()
    return {
        row.subscriber_id: Likes(
            _model(row, encoder),
            tuple(
                [
                    PositiveExample(known.key, known.title, example[1], known.features)
                    for example in row.examples
                    if (known := examples.get(_key(*example)))
                ]
            ),
        )
        for row in rows
    }


def rated_texts() -> Iterator[str]:
    """Yield the texts of all papers that any reader rated or saved. Their embeddings are kept."""
    rated = Q(opinions__filter_key="") | Q(saved_by__removed_at=None, saved_by__isnull=False)
    papers = Paper.objects.filter(rated).distinct().order_by().only(*FIELDS)
    yield from map(text_of, papers.iterator())
    yield from map(text_of, OutsidePaper.objects.order_by().only(*FIELDS).iterator())


def _encoder() -> str:
    return MODEL if embeddings.is_available() else ""


def _rated(reader: Subscriber, since: dt.datetime | None) -> tuple[dict[AnyPaper, str], dict[AnyPaper, None]]:
    """Return the newest papers that the reader liked or saved, and those that were not for them, newest first."""
    opinions = Opinion.objects.filter(subscriber=reader, filter_key="").select_related("paper")
    saves = SavedPaper.objects.filter(subscriber=reader, removed_at=None).select_related("paper")
    if since:
        opinions, saves = opinions.filter(said_at__gt=since), saves.filter(saved_at__gt=since)
    verdicts = {row.paper: row for row in opinions}
    disliked = [paper for paper, row in verdicts.items() if row.verdict == Verdict.NOT_FOR_ME]
    dated: list[tuple[dt.datetime, str, AnyPaper]] = [
        (row.said_at, LIKED, paper) for paper, row in verdicts.items() if row.verdict == Verdict.LIKE
    ]
    dated += [(row.saved_at, SAVED, row.paper) for row in saves if row.paper not in verdicts]
    outside = OutsidePaper.objects.filter(subscriber=reader)
    dated += [(row.said_at, OUTSIDE, row) for row in (outside.filter(said_at__gt=since) if since else outside)]
    dated.sort(key=lambda each: each[0], reverse=True)
    return {paper: verb for _at, verb, paper in dated[:MAX_RATED]}, dict.fromkeys(disliked[:MAX_RATED])


def _learn(row: LearnedLikes, liked: Mapping[AnyPaper, str], disliked: Iterable[AnyPaper], now: dt.datetime) -> None:
    good, bad = _features(liked), _features(disliked)
    if good is None or bad is None:
        row.is_outdated = True
    else:
        _fill(row, like_model.learn(good, bad, _background(now)))
        row.examples = [[paper.pk, verb] for paper, verb in liked.items()][:MAX_EXAMPLES]
        row.learned_at, row.is_outdated = now, False
    row.save()


def _features(papers: Iterable[AnyPaper]) -> list[PaperFeatures] | None:
    """Return the features of `papers`, or None if embeddings are missing."""
    if not embeddings.is_available():
        return [PaperFeatures(words_of(paper)) for paper in papers]
    papers = list(papers)
    texts = [text_of(paper) for paper in papers]
    known = embeddings.known(texts)
    if any(text not in known for text in texts):
        return None
    return [PaperFeatures(words_of(paper), known[text]) for paper, text in zip(papers, texts, strict=True)]


def _fill(row: LearnedLikes, model: LikeModel) -> None:
    row.encoder = _encoder()
    row.meaning = b"" if model.meaning is None else model.meaning.astype(np.float16).tobytes()
    row.buckets, row.weights = model.words.buckets.tobytes(), model.words.weights.astype(np.float16).tobytes()
    row.offset, (row.words_factor, row.words_offset) = model.offset, model.by_words


def _model(row: StoredLikes, encoder: str) -> LikeModel:
    words = Words(np.frombuffer(row.buckets, np.uint16), _numbers(row.weights))
    by_words = (row.words_factor, row.words_offset)
    if row.encoder not in ("", encoder):  # until it is learned again, the words do alone
        words = words._replace(weights=words.weights * np.float32(row.words_factor))
        return LikeModel(None, words, row.words_offset, by_words, bool(row.examples))
    meaning = _numbers(row.meaning) if row.encoder else None
    return LikeModel(meaning, words, row.offset, by_words, bool(row.examples))


def _numbers(values: bytes | memoryview) -> Vectors:
    return np.frombuffer(values, np.float16).astype(np.float32)


def _key(pk: int, verb: str) -> tuple[bool, int]:
    return verb == OUTSIDE, pk


def _background(now: dt.datetime) -> Background:
    """Return papers in general.

    The usual closeness is measured on older papers only: recent ones are ranked for digests, and would make themselves
    look usual. A new site has few older papers, so it learns from recent ones, too.
    """
    papers = Paper.objects.order_by("-pk").values_list("pk", flat=True)
    older = list(papers.filter(first_seen_at__lt=now - IN_DIGESTS_FOR)[: 2 * MAX_BACKGROUND])
    others = older[1::2]
    if len(others) < MAX_BACKGROUND:
        others += papers.filter(first_seen_at__gte=now - IN_DIGESTS_FOR)[: MAX_BACKGROUND - len(others)]
    return _make_background(tuple(others), tuple(older[::2]), _encoder())


@lru_cache(maxsize=1)
def _make_background(others: tuple[int, ...], reference: tuple[int, ...], encoder: str) -> Background:
    papers = Paper.objects.only(*FIELDS).in_bulk([*others, *reference])
    known = embeddings.known(map(text_of, papers.values())) if encoder else {}
    features = {
        pk: PaperFeatures(words_of(paper), known.get(text_of(paper)))
        for pk, paper in papers.items()
        if not encoder or text_of(paper) in known
    }
    return Background(*([features[pk] for pk in pks if pk in features] for pks in (others, reference)))


def _examples_of(keys: Iterable[tuple[bool, int]]) -> dict[tuple[bool, int], PositiveExample]:
    """Return liked papers, with what is needed to say which of them another paper is close to.

    A key says whether the paper is from elsewhere, and its id.
    """
    found = {key: example for key in keys if (example := _examples.get(key))}
    missing = [key for key in keys if key not in found]
    for start in range(0, len(missing), CHUNK):
        chunk = missing[start : start + CHUNK]
        papers: list[AnyPaper] = list(
            Paper.objects.filter(pk__in=[pk for is_outside, pk in chunk if not is_outside], is_hidden=False).only(
                *FIELDS
            )
        )
        if outside := [pk for is_outside, pk in chunk if is_outside]:
            papers += OutsidePaper.objects.filter(pk__in=outside).only(*FIELDS)
        for paper, features in zip(papers, _example_features(papers), strict=True):
            key = isinstance(paper, OutsidePaper), paper.pk
            found[key] = _examples.put(key, PositiveExample(paper.key, paper.title, LIKED, features))
    return found


def _example_features(papers: Sequence[AnyPaper]) -> list[PaperFeatures]:
    """Return the embeddings of `papers`, or their words where there are none."""
    known = embeddings.known(map(text_of, papers)) if embeddings.is_available() else {}
    texts = [text_of(paper) for paper in papers]
    return [
        PaperFeatures(NO_WORDS, known[text]) if text in known else PaperFeatures(words_of(paper))
        for paper, text in zip(papers, texts, strict=True)
    ]
