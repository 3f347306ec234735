"""Readers' feedback on papers: ratings, which they can take back, and what each filter learns from them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db import transaction
from django.db.models import QuerySet

from digest.editions import candidates
from digest.matching import OWN_WORDS, Finding, Index, PaperText
from digest.models import Delivery, Edition, Learnt, Opinion, OutsidePaper, Paper
from digest.personalization import feature_labels, paper_index, profiles, snapshot
from digest.personalization.feedback_model import FilterModel, learn
from digest.search import index_cache
from subscriptions.models import Subscriber, Topic

NAMED = ("phrase", "words", "author", "category")  # kinds of reasons that contain the reader's own words
MAX_LABELS = 6  # of a filter, on the page of what was learned
MOST_OPINIONS = 300  # of a reader; models learn from the newest

Verdict = Opinion.Verdict


@dataclass(frozen=True)
class PaperFeedback:
    """A reader's feedback on one paper so far."""

    verdict: str = ""  # like, not-for-me, or nothing
    fewer: frozenset[str] = frozenset()  # filters that should bring fewer such papers


@dataclass(frozen=True)
class LearnedFilter:
    """The knowledge of one filter, and the ratings that it comes from."""

    key: str
    name: str
    lesson: FilterModel
    liked: list[Opinion]
    disliked: list[Opinion]
    held_back: list[Opinion]  # “fewer of this topic”
    places: int  # in a digest that its papers alone may take

    @cached_property
    def raises(self) -> list[str]:
        """The labels that move a paper up, the strongest first."""
        return self._strongest(1)

    @cached_property
    def lowers(self) -> list[str]:
        """The labels that move a paper down, the strongest first."""
        return self._strongest(-1)

    @cached_property
    def raises_most(self) -> list[str]:
        """The strongest labels that move a paper up and are readable by themselves."""
        return feature_labels.readable(self.raises, self.papers, MAX_LABELS)

    @cached_property
    def lowers_most(self) -> list[str]:
        """The strongest labels that move a paper down and are readable by themselves."""
        return feature_labels.readable(self.lowers, self.papers, MAX_LABELS)

    @property
    def papers(self) -> dict[Paper, list[str]]:
        """Return the papers that the filter learned from, each with its ratings."""
        verdicts: dict[Paper, list[str]] = {}
        for opinion in (*self.liked, *self.disliked, *self.held_back):
            verdicts.setdefault(opinion.paper, []).append(opinion.verdict)
        return verdicts

    def _strongest(self, sign: int) -> list[str]:
        # After two ratings, dozens of words are equally strong. Longer ones say more.
        words = feature_labels.written_forms(self.papers)
        weights = {
            feature_labels.label_of(feature, words): weight * sign
            for feature, weight in self.lesson.weights.items()
            if weight * sign > 0
        }
        return sorted(filter(None, weights), key=lambda name: (-weights[name], -len(name), name))


@dataclass(frozen=True)
class RatedPaper:
    """A paper with a reader's ratings, and the names of the filters that learned from them."""

    paper: Paper
    verdicts: dict[str, None]  # as an ordered set
    filters: list[str]


def rated_papers(learned: Iterable[LearnedFilter]) -> list[RatedPaper]:
    """Return the papers that any filter learned from, each once."""
    rated: dict[Paper, RatedPaper] = {}
    for about in learned:
        for paper, verdicts in about.papers.items():
            row = rated.setdefault(paper, RatedPaper(paper, {}, []))
            row.verdicts.update(dict.fromkeys(verdicts))
            row.filters.append(about.name)
    return list(rated.values())


def papers_of(reader: Subscriber, edition_id: int) -> QuerySet[Paper]:
    """Return the papers in the reader's digest, which they may rate.

    If the delivery has no record, as for old emails, return the papers that the digest was chosen from.
    """
    record = Delivery.objects.filter(subscriber=reader, edition=edition_id).values_list("papers", flat=True).first()
    if record and "for_you" in record:
        return Paper.objects.filter(pk__in=snapshot.votes(record), is_hidden=False)
    edition = Edition.objects.filter(pk=edition_id).first()
    return candidates.papers(edition, candidates.weekly_cutoff(edition, reader)) if edition else Paper.objects.none()


def feedback_on(reader: Subscriber, paper: Paper) -> PaperFeedback:
    rows = Opinion.objects.filter(subscriber=reader, paper=paper)
    verdict = next((row.verdict for row in rows if row.verdict != Verdict.FEWER), "")
    return PaperFeedback(verdict, frozenset(row.filter_key for row in rows if row.verdict == Verdict.FEWER))


def matched_filters(reader: Subscriber, paper: Paper) -> dict[str, str]:
    """Return the names of the reader's filters that find `paper`, by key. Without filters that is “most voted”."""
    wanted = profiles.profile_of(reader)
    if not wanted.interests:
        return {profiles.VOTES_KEY: profiles.MOST_VOTED}
    keys = {name: key for key, name in profiles.names_of(_topics(reader)).items()}
    index, number = _among(paper)
    scored = ((index.answer(each, wanted.amount).scores.get(number, 0.0), each.label) for each in wanted.interests)
    names = [name for score, name in sorted(scored, reverse=True) if score]
    return {keys[name]: name for name in names if name in keys}


def own_words_in(reader: Subscriber, paper: Paper) -> str:
    """Return the reader's own words that found `paper`, as their email shows them, or "" if its meaning did."""
    index, number = _among(paper)
    own = [each for each in profiles.profile_of(reader).interests if each.label == OWN_WORDS]
    findings = [found for each in own if (found := index.findings(each).get(number))]
    reasons = [reason for finding in findings for reason in finding.reasons if reason.kind in NAMED]
    return ", ".join(dict.fromkeys(reason.found for reason in reasons))


def evidence_in(reader: Subscriber, paper: Paper, edition_id: int) -> Sequence[Finding]:
    """Return all that the reader's digest of an edition found in `paper`, or what matching finds now."""
    record = Delivery.objects.filter(subscriber=reader, edition=edition_id).values_list("papers", flat=True).first()
    if record and "for_you" in record:
        return snapshot.findings(record, paper.pk)
    return evidence(reader, paper)


def evidence(reader: Subscriber, paper: Paper) -> Sequence[Finding]:
    """Return all that the reader's filters find in `paper` now, the strongest first."""
    index, number = _among(paper)
    found = (index.findings(each).get(number) for each in profiles.profile_of(reader).interests)
    return sorted(filter(None, found), key=lambda finding: -finding.score)


def _among(paper: Paper) -> tuple[Index, int]:
    """Return the index of the paper's edition, and its number there, because scores depend on the papers around it.

    For older editions, return an index of the paper alone.
    """
    for index in index_cache.last().indexes:
        for number, other in enumerate(index.papers):
            if other.key == paper.key:
                return index, number
    return paper_index.build_index([paper], for_page=True), 0


def rate(reader: Subscriber, paper: Paper, verdict: str, filter_key: str = "", *, now: dt.datetime) -> None:
    """Store the reader's rating of `paper` in place of an earlier one. `filter_key` is for “fewer” only."""
    found_by = list(matched_filters(reader, paper))
    with transaction.atomic():
        _lock_reader(reader)
        values = {"verdict": verdict, "came_by": found_by, "said_at": now}
        Opinion.objects.update_or_create(subscriber=reader, paper=paper, filter_key=filter_key, defaults=values)
        _update_models(reader, {*found_by, filter_key})


def set_verdict(reader: Subscriber, paper: Paper, verdict: str, *, now: dt.datetime) -> None:
    """Set or, with "", remove the reader's like or dislike of `paper`. “Fewer of a topic” stays as it is."""
    if verdict:
        rate(reader, paper, verdict, now=now)
        return
    with transaction.atomic():
        _lock_reader(reader)
        row = Opinion.objects.filter(subscriber=reader, paper=paper, filter_key="").first()
        if row:
            row.delete()
            _update_models(reader, set(row.came_by))


def clear_rating(reader: Subscriber, paper: Paper) -> None:
    """Take back all ratings of `paper` by the reader."""
    with transaction.atomic():
        _lock_reader(reader)
        rows = list(Opinion.objects.filter(subscriber=reader, paper=paper))
        Opinion.objects.filter(subscriber=reader, paper=paper).delete()
        _update_models(reader, {key for row in rows for key in (*row.came_by, row.filter_key)})


def reset_filter(reader: Subscriber, filter_key: str, *, now: dt.datetime) -> None:
    """Make one filter forget: it learns only from later ratings. The reading list stays."""
    with transaction.atomic():
        _lock_reader(reader)
        rows = {row.filter_key: row.pk for row in Learnt.objects.filter(subscriber=reader)}
        if filter_key in rows:  # compared in Python, because PostgreSQL refuses some text that a browser can send
            Learnt.objects.filter(pk=rows[filter_key]).update(since=now)
            _update_models(reader, {filter_key})


def learned_filters(reader: Subscriber) -> list[LearnedFilter]:
    """Return what each filter of the reader has learned, in the order of the form."""
    rows = {row.filter_key: row for row in Learnt.objects.filter(subscriber=reader)}
    ratings = _ratings_to_learn_from(reader)
    learned = []
    for key, name in profiles.names_of(_topics(reader)).items():
        row = rows.get(key) or Learnt(filter_key=key)
        lesson, recent = FilterModel(row.weights, row.fewer), _since(row, ratings)
        places = lesson.places(reader.max_papers)
        by_verdict = _liked(recent, key), _disliked(recent, key), _held_back(recent, key)
        learned.append(LearnedFilter(key, name, lesson, *by_verdict, places))
    return [about for about in learned if about.liked or about.disliked or about.lesson.fewer]


def relearn(reader: Subscriber, filter_keys: Iterable[str]) -> None:
    """Learn again for these filters, after likes were added or removed elsewhere. Lock the reader's row before."""
    _update_models(reader, set(filter_keys))


def export(reader: Subscriber) -> list[dict[str, str]]:
    """Return all ratings of the reader, for a request of their data."""
    rows = Opinion.objects.filter(subscriber=reader).select_related("paper")
    return [
        {"paper": row.paper.key, "title": row.paper.title, "opinion": row.verdict, "filter": row.filter_key,
         "said_at": row.said_at.isoformat()}
        for row in rows
    ]  # fmt: skip


def _topics(reader: Subscriber) -> list[Topic]:
    return [row.topic for row in reader.filters.select_related("topic").order_by("topic__position") if row.topic]


def _lock_reader(reader: Subscriber) -> None:
    """Lock the reader's row, so that no other process changes their ratings meanwhile."""
    Subscriber.objects.select_for_update().get(pk=reader.pk)


def _ratings_to_learn_from(reader: Subscriber) -> list[Opinion]:
    return list(Opinion.objects.filter(subscriber=reader).select_related("paper")[:MOST_OPINIONS])


def _since(row: Learnt, ratings: Iterable[Opinion]) -> list[Opinion]:
    return [opinion for opinion in ratings if row.since is None or opinion.said_at > row.since]


def _liked(rows: Iterable[Opinion], key: str) -> list[Opinion]:
    return [row for row in rows if row.verdict == Verdict.LIKE and key in row.came_by]


def _disliked(rows: Iterable[Opinion], key: str) -> list[Opinion]:
    return [row for row in rows if row.verdict == Verdict.NOT_FOR_ME and key in row.came_by]


def _held_back(rows: Iterable[Opinion], key: str) -> list[Opinion]:
    return [row for row in rows if row.verdict == Verdict.FEWER and row.filter_key == key]


def _update_models(reader: Subscriber, keys: Iterable[str]) -> None:
    ratings, rarity = _ratings_to_learn_from(reader), index_cache.last().rarity
    outside = list(OutsidePaper.objects.filter(subscriber=reader)[:MOST_OPINIONS])
    rows = {row.filter_key: row for row in Learnt.objects.filter(subscriber=reader)}
    for key in filter(None, keys):
        row = rows.get(key) or Learnt(subscriber=reader, filter_key=key)
        recent = _since(row, ratings)
        liked: list[PaperText] = [opinion.paper for opinion in _liked(recent, key)]
        disliked = [opinion.paper for opinion in _disliked(recent, key)]
        liked += [paper for paper in outside if key in paper.came_by and (not row.since or paper.said_at > row.since)]
        row.weights = learn(liked, disliked, rarity)
        row.fewer = len(_held_back(recent, key))
        row.save()
