"""Readers' feedback on papers: ratings, which they can take back, and what was learned from them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from digest.editions import candidates
from digest.matching import OWN_WORDS, Finding, Index
from digest.models import Delivery, Edition, LearnedLikes, Learnt, Opinion, OutsidePaper, Paper, SavedPaper
from digest.personalization import likes, paper_index, profiles, slot_limits, snapshot
from digest.personalization.digest_selection import QueryProfile
from digest.search import index_cache
from subscriptions.models import Subscriber, Topic

NAMED = ("phrase", "words", "author", "category")  # kinds of reasons that contain the reader's own words
MAX_SHOWN = 200  # rated papers, the newest, on the page of what was learned
MAX_BROUGHT = 3  # papers shown beside the one that brought them
MAX_DIGESTS = 10  # that are searched for them

Verdict = Opinion.Verdict


@dataclass(frozen=True)
class PaperFeedback:
    """A reader's feedback on one paper so far."""

    verdict: str = ""  # like, not-for-me, or nothing
    fewer: frozenset[str] = frozenset()  # filters that should bring fewer such papers


@dataclass(frozen=True)
class ReasonsForPaper:
    """The reasons for a paper in a reader's digest."""

    filters: dict[str, str]  # names of the filters that find it, by key
    own_words: str  # the reader's own words that found it, as their email shows them, or "" if its meaning did
    evidence: Sequence[Finding]
    top_voted_of: str = ""  # "day" or "week" if the digest had it because of its votes alone, else ""
    is_recorded: bool = False  # the digest was sent, and its content is still stored


@dataclass(frozen=True)
class LimitedFilter:
    """A filter that the reader wants fewer papers of."""

    key: str
    name: str
    papers: list[Paper]  # that they said it of
    slots: int  # of a digest that its papers alone may take


@dataclass(frozen=True)
class RatedPaper:
    """A paper that a reader liked or saved, or that was not for them, with papers that it brought lately."""

    paper: Paper
    verdict: str  # like, not-for-me, or "" for a paper that is only saved
    is_saved: bool  # and therefore counts as liked: False if it was not for them
    counts: bool  # False if the reader started again since
    brought: list[Paper]


@dataclass(frozen=True)
class LearnedFromReader:
    """The papers that a reader rated or saved, and the filters that they want fewer papers of."""

    taught: list[RatedPaper]  # newest first
    outside: list[OutsidePaper]  # that the reader started from
    limited: list[LimitedFilter]
    waits: bool  # the last changes are not learned yet


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
    return _matched_filters(reader, profiles.profile_of(reader), *_among(paper))


def reasons_for(reader: Subscriber, paper: Paper, edition_id: int) -> ReasonsForPaper:
    """Return the reasons for `paper` in the reader's digest of an edition.

    They are those of the digest, or what matching finds now if the digest has no record.
    """
    wanted = profiles.profile_of(reader)
    index, number = _among(paper)
    filters, own_words = _matched_filters(reader, wanted, index, number), _own_words(wanted, index, number)
    record = Delivery.objects.filter(subscriber=reader, edition=edition_id).values_list("papers", flat=True).first()
    is_recorded = bool(record and "for_you" in record)
    if record and is_recorded:
        is_top_voted, frequency = snapshot.is_by_votes(record, paper.pk), record.get("frequency")
        evidence: Sequence[Finding] = snapshot.findings(record, paper.pk)
    else:
        is_top_voted, frequency = not wanted.interests, reader.frequency
        evidence = _evidence(wanted, index, number)
    period = "week" if frequency == Subscriber.Frequency.WEEKLY else "day"
    return ReasonsForPaper(filters, own_words, evidence, period if is_top_voted else "", is_recorded)


def _matched_filters(reader: Subscriber, wanted: QueryProfile, index: Index, number: int) -> dict[str, str]:
    if not wanted.interests:
        return {profiles.VOTES_KEY: profiles.MOST_VOTED}
    keys = {name: key for key, name in profiles.names_of(_topics(reader)).items()}
    scored = ((index.answer(each, wanted.amount).scores.get(number, 0.0), each.label) for each in wanted.interests)
    names = [name for score, name in sorted(scored, reverse=True) if score]
    return {keys[name]: name for name in names if name in keys}


def _own_words(wanted: QueryProfile, index: Index, number: int) -> str:
    own = [each for each in wanted.interests if each.label == OWN_WORDS]
    findings = [found for each in own if (found := index.findings(each).get(number))]
    reasons = [reason for finding in findings for reason in finding.reasons if reason.kind in NAMED]
    return ", ".join(dict.fromkeys(reason.found for reason in reasons))


def _evidence(wanted: QueryProfile, index: Index, number: int) -> Sequence[Finding]:
    """Return all that the reader's filters find in a paper now, the strongest first."""
    found = (index.findings(each).get(number) for each in wanted.interests)
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
        _learn(reader, filter_key, now)


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
            likes.learn(reader, now=now)


def clear_rating(reader: Subscriber, paper: Paper, *, now: dt.datetime) -> None:
    """Take back all ratings of `paper` by the reader."""
    with transaction.atomic():
        _lock_reader(reader)
        rows = list(Opinion.objects.filter(subscriber=reader, paper=paper))
        Opinion.objects.filter(subscriber=reader, paper=paper).delete()
        for filter_key in {row.filter_key for row in rows}:
            _learn(reader, filter_key, now)


def reset_filter(reader: Subscriber, filter_key: str, *, now: dt.datetime) -> None:
    """Forget the requests for fewer papers of one filter, or all likes. Ratings and the reading list stay."""
    if filter_key == profiles.LIKES_KEY:
        likes.ignore_ratings(reader, now=now)
        return
    with transaction.atomic():
        _lock_reader(reader)
        rows = {row.filter_key: row.pk for row in Learnt.objects.filter(subscriber=reader)}
        if filter_key in rows:  # compared in Python, because PostgreSQL refuses some text that a browser can send
            Learnt.objects.filter(pk=rows[filter_key]).update(since=now)
            _learn(reader, filter_key, now)


def follow_likes(reader: Subscriber, follows: bool) -> None:
    """Set whether the reader gets papers because they are close to those that they liked."""
    Subscriber.objects.filter(pk=reader.pk).update(follows_likes=follows)


def learned_from(reader: Subscriber) -> LearnedFromReader:
    """Return what was learned from the reader: rated and saved papers, and filters that they want fewer papers of."""
    row = LearnedLikes.objects.filter(subscriber=reader).first()
    taught = _rated_papers(reader, row.since if row else None)
    outside = list(OutsidePaper.objects.filter(subscriber=reader)[:MAX_SHOWN])
    return LearnedFromReader(taught, outside, _limited(reader), bool(row and row.is_outdated))


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


def _learn(reader: Subscriber, filter_key: str, now: dt.datetime) -> None:
    """Learn from a changed rating: from a like or dislike, or if there is a filter, from a request for fewer papers."""
    if not filter_key:
        likes.learn(reader, now=now)
        return
    row = Learnt.objects.filter(subscriber=reader, filter_key=filter_key).first()
    row = row or Learnt(subscriber=reader, filter_key=filter_key)
    row.fewer = len(_held_back(reader, filter_key, row.since))
    row.save()


def _held_back(reader: Subscriber, filter_key: str, since: dt.datetime | None) -> list[Opinion]:
    """Return the requests for fewer papers of a filter that count."""
    rows = Opinion.objects.filter(subscriber=reader, verdict=Verdict.FEWER, filter_key=filter_key)
    return list((rows.filter(said_at__gt=since) if since else rows).select_related("paper"))


def _limited(reader: Subscriber) -> list[LimitedFilter]:
    rows = {row.filter_key: row for row in Learnt.objects.filter(subscriber=reader, fewer__gt=0)}
    names = profiles.names_of(_topics(reader)) if rows else {}
    return [
        LimitedFilter(
            key,
            name,
            [opinion.paper for opinion in _held_back(reader, key, rows[key].since)],
            slot_limits.slots(reader.max_papers, rows[key].fewer),
        )
        for key, name in names.items()
        if key in rows
    ]


def _rated_papers(reader: Subscriber, since: dt.datetime | None) -> list[RatedPaper]:
    opinions = Opinion.objects.filter(subscriber=reader, filter_key="").select_related("paper")[:MAX_SHOWN]
    saves = SavedPaper.objects.filter(subscriber=reader, removed_at=None).select_related("paper")[:MAX_SHOWN]
    verdicts = {row.paper: (row.said_at, row.verdict) for row in opinions}
    saved = {row.paper: row.saved_at for row in saves}
    dated = {paper: verdicts.get(paper, (at, "")) for paper, at in saved.items()} | verdicts
    newest = sorted(dated, key=lambda paper: dated[paper][0], reverse=True)[:MAX_SHOWN]
    brought = _brought(reader) if newest else {}
    return [
        RatedPaper(paper, verdict, counts_as_saved, since is None or at > since, brought.get(paper.title, []))
        for paper in newest
        for at, verdict in (dated[paper],)
        for counts_as_saved in (paper in saved and verdict != Verdict.NOT_FOR_ME,)
    ]


def _brought(reader: Subscriber) -> dict[str, list[Paper]]:
    """Return the papers of the reader's last digests that a liked paper brought, by the liked paper's title."""
    records = Delivery.objects.filter(subscriber=reader).order_by("-pk").values_list("papers", flat=True)[:MAX_DIGESTS]
    titles: dict[int, str] = {}
    for record in records:
        if record and "for_you" in record:
            for pk in snapshot.votes(record):
                reasons = (reason for finding in snapshot.findings(record, pk) for reason in finding.reasons)
                titles.update((pk, reason.found) for reason in reasons if reason.kind == "liked")
    papers = Paper.objects.filter(pk__in=titles, is_hidden=False).in_bulk()
    brought: dict[str, list[Paper]] = {}
    for pk, title in titles.items():
        if pk in papers and len(brought.get(title, ())) < MAX_BROUGHT:
            brought.setdefault(title, []).append(papers[pk])
    return brought
