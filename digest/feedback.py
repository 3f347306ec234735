"""Readers say what they think of a paper, and may take it back; each filter learns from what it brought."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db import transaction
from django.db.models import QuerySet

from digest.editions import candidates
from digest.matching import Index
from digest.models import Delivery, Edition, Learnt, Opinion, Paper
from digest.personalization import feature_labels, paper_index, profiles, snapshot
from digest.personalization.feedback_model import FilterModel, learn
from digest.search import index_cache
from subscriptions.models import Subscriber, Topic

NAMED = ("phrase", "words", "author", "category")  # reasons that say which of the reader's words it was
MOST_OPINIONS = 300  # of a reader, the newest: older ones teach nothing

Verdict = Opinion.Verdict


@dataclass(frozen=True)
class PaperFeedback:
    """What a reader has said of one paper so far."""

    verdict: str = ""  # like, not-for-me, or nothing
    fewer: frozenset[str] = frozenset()  # the filters of which fewer are wanted for it


@dataclass(frozen=True)
class LearnedFilter:
    """What was learnt for one filter, and from what."""

    key: str
    name: str
    lesson: FilterModel
    liked: list[Opinion]
    disliked: list[Opinion]
    held_back: list[Opinion]  # for which fewer of this were asked for
    places: int  # how many of a digest's places it may take alone

    @cached_property
    def raises(self) -> list[str]:
        """What moves a paper up, the strongest first, as papers write it: a mail may name any of it."""
        return self._strongest(1)

    @cached_property
    def lowers(self) -> list[str]:
        """What moves a paper down, the strongest first, as papers write it."""
        return self._strongest(-1)

    @property
    def papers(self) -> dict[Paper, list[str]]:
        """The papers that it was learnt from, and what was said of each."""
        said: dict[Paper, list[str]] = {}
        for opinion in (*self.liked, *self.disliked, *self.held_back):
            said.setdefault(opinion.paper, []).append(opinion.verdict)
        return said

    def _strongest(self, sign: int) -> list[str]:
        # Of two papers, dozens of words are as strong as another: the longer tell more.
        words = feature_labels.written_forms(self.papers)
        weights = {
            feature_labels.label_of(feature, words): weight * sign
            for feature, weight in self.lesson.weights.items()
            if weight * sign > 0
        }
        return sorted(filter(None, weights), key=lambda name: (-weights[name], -len(name), name))


def papers_of(reader: Subscriber, edition_id: int) -> QuerySet[Paper]:
    """The papers that the reader's digest held, of which they may say what they think; where that is on no record, such
    as of a mail of long ago, those that it was chosen from."""
    kept = Delivery.objects.filter(subscriber=reader, edition=edition_id).values_list("papers", flat=True).first()
    if kept and "for_you" in kept:
        return Paper.objects.filter(pk__in=snapshot.votes(kept), is_hidden=False)
    edition = Edition.objects.filter(pk=edition_id).first()
    return candidates.papers(edition, candidates.weekly_cutoff(edition, reader)) if edition else Paper.objects.none()


def feedback_on(reader: Subscriber, paper: Paper) -> PaperFeedback:
    rows = Opinion.objects.filter(subscriber=reader, paper=paper)
    verdict = next((row.verdict for row in rows if row.verdict != Verdict.FEWER), "")
    return PaperFeedback(verdict, frozenset(row.filter_key for row in rows if row.verdict == Verdict.FEWER))


def matched_filters(reader: Subscriber, paper: Paper) -> dict[str, str]:
    """The reader's filters that ask for `paper`, by their keys, with their names; the most voted for who has none."""
    wanted = profiles.profile_of(reader)
    if not wanted.interests:
        return {profiles.VOTES_KEY: profiles.MOST_VOTED}
    keys = {name: key for key, name in profiles.names_of(_topics(reader)).items()}
    index, number = _among(paper)
    scored = ((index.answer(each, wanted.amount).scores.get(number, 0.0), each.label) for each in wanted.interests)
    found = [name for score, name in sorted(scored, reverse=True) if score]
    return {keys[name]: name for name in found if name in keys}


def own_words_in(reader: Subscriber, paper: Paper) -> str:
    """Those of the reader's own words that brought `paper`, as their mail says; nothing where it was the meaning."""
    index, number = _among(paper)
    own = [each for each in profiles.profile_of(reader).interests if each.label == profiles.OWN_WORDS]
    findings = [found for each in own if (found := index.findings(each).get(number))]
    reasons = [reason for finding in findings for reason in finding.reasons if reason.kind in NAMED]
    return ", ".join(dict.fromkeys(reason.found for reason in reasons))


def _among(paper: Paper) -> tuple[Index, int]:
    """The papers that it came with, and its place: beside others a paper is judged otherwise than alone.

    Of an older edition, the paper alone.
    """
    for index in index_cache.last().indexes:
        for number, other in enumerate(index.papers):
            if other.key == paper.key:
                return index, number
    return paper_index.build_index([paper], for_page=True), 0


def rate(reader: Subscriber, paper: Paper, verdict: str, filter_key: str = "", *, now: dt.datetime) -> None:
    """Note what the reader thinks of `paper`, in place of what they thought before; `filter_key` for “fewer” only."""
    found_by = list(matched_filters(reader, paper))
    with transaction.atomic():
        _lock_reader(reader)
        values = {"verdict": verdict, "came_by": found_by, "said_at": now}
        Opinion.objects.update_or_create(subscriber=reader, paper=paper, filter_key=filter_key, defaults=values)
        _update_models(reader, {*found_by, filter_key})


def clear_rating(reader: Subscriber, paper: Paper) -> None:
    """Take back everything that the reader has said of `paper`."""
    with transaction.atomic():
        _lock_reader(reader)
        rows = list(Opinion.objects.filter(subscriber=reader, paper=paper))
        Opinion.objects.filter(subscriber=reader, paper=paper).delete()
        _update_models(reader, {key for row in rows for key in (*row.came_by, row.filter_key)})


def reset_filter(reader: Subscriber, filter_key: str, *, now: dt.datetime) -> None:
    """Begin anew with one filter: what was said until now teaches it nothing any more. The reading list stays."""
    with transaction.atomic():
        _lock_reader(reader)
        rows = {row.filter_key: row.pk for row in Learnt.objects.filter(subscriber=reader)}
        if filter_key in rows:  # compared here: of what a browser sends, PostgreSQL does not take everything
            Learnt.objects.filter(pk=rows[filter_key]).update(since=now)
            _update_models(reader, {filter_key})


def learned_filters(reader: Subscriber) -> list[LearnedFilter]:
    """What was learnt for each filter that the reader follows, in the order of the form."""
    rows = {row.filter_key: row for row in Learnt.objects.filter(subscriber=reader)}
    said_so_far = _ratings_to_learn_from(reader)
    found = []
    for key, name in profiles.names_of(_topics(reader)).items():
        row = rows.get(key) or Learnt(filter_key=key)
        lesson, its = FilterModel(row.weights, row.fewer), _since(row, said_so_far)
        places = lesson.places(reader.max_papers)
        said_of_it = _liked(its, key), _disliked(its, key), _held_back(its, key)
        found.append(LearnedFilter(key, name, lesson, *said_of_it, places))
    return [about for about in found if about.liked or about.disliked or about.lesson.fewer]


def reading_list(reader: Subscriber) -> QuerySet[Paper]:
    """The papers that the reader likes, the latest liked first."""
    liked = Paper.objects.filter(opinions__subscriber=reader, opinions__verdict=Verdict.LIKE, is_hidden=False)
    return liked.order_by("-opinions__said_at")


def export(reader: Subscriber) -> list[dict[str, str]]:
    """Everything the reader has said, for those who ask for their data."""
    rows = Opinion.objects.filter(subscriber=reader).select_related("paper")
    return [
        {"paper": row.paper.key, "title": row.paper.title, "opinion": row.verdict, "filter": row.filter_key,
         "said_at": row.said_at.isoformat()}
        for row in rows
    ]  # fmt: skip


def _topics(reader: Subscriber) -> list[Topic]:
    return [row.topic for row in reader.filters.select_related("topic").order_by("topic__position") if row.topic]


def _lock_reader(reader: Subscriber) -> None:
    """Let nobody else change what this reader has said meanwhile."""
    Subscriber.objects.select_for_update().get(pk=reader.pk)


def _ratings_to_learn_from(reader: Subscriber) -> list[Opinion]:
    return list(Opinion.objects.filter(subscriber=reader).select_related("paper")[:MOST_OPINIONS])


def _since(row: Learnt, said_so_far: Iterable[Opinion]) -> list[Opinion]:
    return [opinion for opinion in said_so_far if row.since is None or opinion.said_at > row.since]


def _liked(rows: Iterable[Opinion], key: str) -> list[Opinion]:
    return [row for row in rows if row.verdict == Verdict.LIKE and key in row.came_by]


def _disliked(rows: Iterable[Opinion], key: str) -> list[Opinion]:
    return [row for row in rows if row.verdict == Verdict.NOT_FOR_ME and key in row.came_by]


def _held_back(rows: Iterable[Opinion], key: str) -> list[Opinion]:
    return [row for row in rows if row.verdict == Verdict.FEWER and row.filter_key == key]


def _update_models(reader: Subscriber, keys: Iterable[str]) -> None:
    said_so_far, rarity = _ratings_to_learn_from(reader), index_cache.last().rarity
    rows = {row.filter_key: row for row in Learnt.objects.filter(subscriber=reader)}
    for key in filter(None, keys):
        row = rows.get(key) or Learnt(subscriber=reader, filter_key=key)
        its = _since(row, said_so_far)
        liked, disliked = ([opinion.paper for opinion in kind(its, key)] for kind in (_liked, _disliked))
        row.weights = learn(liked, disliked, rarity)
        row.fewer = len(_held_back(its, key))
        row.save()
