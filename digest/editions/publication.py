"""Freeze and publish the day's papers. A paper stays in its edition and never appears in another."""

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When
from django.dispatch import Signal

from digest import papers
from digest.models import Edition, FetchRun, Listing, Paper, QuietDay, Source
from digest.papers import topic_assignment

logger = logging.getLogger(__name__)

# An edition was closed. Sent once, in its transaction, with `edition` and `now`.
edition_closed = Signal()

JOINS_WITHIN = dt.timedelta(days=7)  # a paper that missed its own day's edition still joins one this much later
DAYS_AT_FIRST_START = 7
_BROKEN = {FetchRun.Status.FAILED, FetchRun.Status.UNREACHABLE}
BY_VOTES = ("-votes", "-edition_votes", "pk")  # the most votes now come first
PAGE_ORDER = ("-is_pinned", *BY_VOTES)  # of an edition's papers on its page


@dataclass(frozen=True)
class PublishResult:
    """The result of publishing a day. If there are no papers, there is no edition, and `reason` says why."""

    edition: Edition | None
    is_new: bool
    papers: int
    reason: str = ""


@dataclass(frozen=True)
class Neighbor:
    """A paper beside another on the page of an edition."""

    key: str
    title: str


def publish(day: dt.date, *, now: dt.datetime, mail: bool = True) -> PublishResult:
    """Freeze the papers listed up to `day` that are in no earlier edition. A second run changes nothing.

    Editions of today and yesterday are sent by schedule, unless `mail` is False. Older ones are not sent. An edition
    stays open until its hour if it is made earlier with `mail=False`: a new site shows the papers that it has, and
    papers that arrive later still join it.
    """
    known = Edition.objects.filter(day=day).first()
    if known and known.closed_at:
        return _result(known)
    if known is None and not Listing.objects.filter(day=day).exists():
        return _nothing_to_publish(day, _cause(day), why_empty(day))
    with transaction.atomic():
        papers.lock_ingest()
        edition, is_new = Edition.objects.select_for_update().get_or_create(day=day, defaults={"published_at": now})
        if edition.closed_at:  # by another process, while this one waited for the row
            return _result(edition)
        _waiting(day).update(edition=edition)
        if not edition.papers.update(edition_votes=F("votes")):
            edition.delete()
            reason = f"Every paper listed for {day} was in an earlier edition, or is hidden."
            return _nothing_to_publish(day, QuietDay.Cause.OUT, reason)
        is_closed = mail or now >= hour_of(day)
        if is_closed:
            edition.published_at = edition.closed_at = now
            edition.send_after = now if mail and day >= now.date() - dt.timedelta(days=1) else None
            edition.save()
            edition_closed.send(Edition, edition=edition, now=now)
        QuietDay.objects.filter(day=day).delete()
    topic_assignment.assign_topics(edition, at_once=True)
    result = _result(edition, is_new=is_new or is_closed)
    logger.info("Published the edition of %s with %d papers", day, result.papers, extra={"edition": edition.pk})
    return result


def hour_of(day: dt.date) -> dt.datetime:
    """Return the time when the edition of `day` is published."""
    return dt.datetime.combine(day, dt.time(settings.PUBLISH_HOUR), dt.UTC)


def due_day(now: dt.datetime) -> dt.date:
    """Return the latest day whose publishing time has passed."""
    return (now - dt.timedelta(hours=settings.PUBLISH_HOUR)).date()


def next_day(now: dt.datetime) -> dt.date:
    """Return the day of the next edition to close. An admin may have closed today's before its hour."""
    return day_after(newest_closed(), now)


def day_after(newest: Edition | None, now: dt.datetime) -> dt.date:
    """Return the day of the next edition to close, if `newest` is the newest closed edition."""
    day = due_day(now) + dt.timedelta(days=1)
    return day + dt.timedelta(days=1) if newest and newest.day == day else day


def publish_first_days(*, now: dt.datetime) -> None:
    """Publish the days before the site's first edition, without sending them, once every source has been read."""
    first = Edition.objects.order_by("day").values_list("day", flat=True).first()
    days = [day for day in last_days(DAYS_AT_FIRST_START, until=now.date()) if first is None or day < first]
    recent = FetchRun.objects.filter(started_at__gt=now - dt.timedelta(hours=1))
    unread = Source.objects.filter(is_active=True).exclude(pk__in=recent.values("source"))
    if days and not unread.exists():
        publish_last_days(days, now=now)


def publish_last_days(days: Sequence[dt.date], *, now: dt.datetime) -> list[PublishResult]:
    """Publish all of `days` or none, without sending them, so that a new site has something to show."""
    with transaction.atomic():
        return [publish(day, now=now, mail=False) for day in sorted(days)]


def last_days(count: int, *, until: dt.date) -> list[dt.date]:
    return [until - dt.timedelta(days=back) for back in reversed(range(count))]


def papers_as_emailed(edition: Edition) -> QuerySet[Paper]:
    """Return the edition's papers as emails rank them: pinned first, then by votes at publication."""
    return edition.papers.filter(is_hidden=False).order_by("-is_pinned", "-edition_votes", "pk")


def papers_as_shown(edition: Edition) -> QuerySet[Paper]:
    """Return the edition's papers as its page ranks them: pinned first, then by votes now."""
    return edition.papers.filter(is_hidden=False).order_by(*PAGE_ORDER)


def adjacent(paper: Paper) -> tuple[Neighbor | None, Neighbor | None]:
    """Return the papers before and after `paper` on its edition's page, or None if there is none."""
    if paper.edition is None:
        return None, None
    ranked = [Neighbor(*row) for row in papers_as_shown(paper.edition).values_list("key", "title")]
    at = [neighbor.key for neighbor in ranked].index(paper.key)
    around = [None, *ranked, None]
    return around[at], around[at + 2]


def papers_so_far(day: dt.date) -> QuerySet[Paper]:
    """Return the papers collected so far for the edition of `day`, which is not closed yet."""
    return Paper.objects.filter(Q(edition__day=day, is_hidden=False) | Q(pk__in=_waiting(day).values("pk")))


def newest() -> Edition | None:
    return Edition.objects.order_by("-day").first()


def newest_closed() -> Edition | None:
    return Edition.objects.exclude(closed_at=None).order_by("-day").first()


def why_empty(day: dt.date) -> str:
    """Return why there is no edition of `day`, from each source's last message on that day or since."""
    if runs := _last_runs(day):
        return " ".join(_last_message(run, day) for run in runs)
    return f"No source was asked for {day} yet. Run fetch_papers --date {day} first."


def _cause(day: dt.date) -> QuietDay.Cause:
    """Return why nothing was listed for `day`, for readers."""
    runs = _last_runs(day)
    is_known = runs and _BROKEN.isdisjoint(run.status for run in runs)
    return QuietDay.Cause.NOTHING if is_known else QuietDay.Cause.TROUBLE


def _last_runs(day: dt.date) -> list[FetchRun]:
    """Return the most informative run of each source for `day`."""
    candidates = FetchRun.objects.filter(Q(day=day) | Q(started_at__date__gte=day), source__is_active=True)
    runs: dict[int, FetchRun] = {}
    # A run for the day itself is better than a later one, and any message is better than "nothing changed".
    about_the_day = Case(When(day=day, then=1), default=0)
    changed = Case(When(status=FetchRun.Status.UNCHANGED, then=0), default=1)
    for run in candidates.select_related("source").order_by(about_the_day, changed, "started_at"):
        runs[run.source_id] = run
    return list(runs.values())


def _last_message(run: FetchRun, day: dt.date) -> str:
    """Return what the run shows about `day`, which has no papers. It may have been a run for a later day."""
    if run.status in (FetchRun.Status.OK, FetchRun.Status.UNCHANGED) and not run.message:
        if run.day == day:
            return f"{run.source}: it brought papers, and none was listed on {day}."
        return f"{run.source}: it was read for {run.day}, and not for {day}. Run fetch_papers --date {day} first."
    message = (run.message or run.get_status_display()).rstrip(".")
    if run.day != day and run.status in _BROKEN:
        return f"{run.source}: it was not read for {day}, and its run for {run.day} failed: {message}."
    return f"{message}." if message.startswith(str(run.source)) else f"{run.source}: {message}."


def note_quiet_days(*, until: dt.date) -> None:
    """Record why recent days before `until` have no edition, if the site was not running to publish them."""
    first = Edition.objects.order_by("day").values_list("day", flat=True).first()
    for day in last_days(JOINS_WITHIN.days, until=until - dt.timedelta(days=1)):
        is_known = Edition.objects.filter(day=day).exists() or QuietDay.objects.filter(day=day).exists()
        if first and day > first and not is_known:
            came_later = "It was not published at the time: its papers came in the next edition."
            listed = Listing.objects.filter(day=day).exists()
            reason = came_later if listed else why_empty(day)
            cause = QuietDay.Cause.LATER if listed else _cause(day)
            QuietDay.objects.get_or_create(day=day, defaults={"reason": reason, "cause": cause})


def _result(edition: Edition, *, is_new: bool = False) -> PublishResult:
    return PublishResult(edition, is_new=is_new, papers=papers_as_emailed(edition).count())


def _nothing_to_publish(day: dt.date, cause: QuietDay.Cause, reason: str) -> PublishResult:
    """Record why the day has no edition, because readers and operators ask later, and return the result."""
    QuietDay.objects.update_or_create(day=day, defaults={"cause": cause, "reason": reason})
    return PublishResult(None, is_new=False, papers=0, reason=reason)


def _waiting(day: dt.date) -> QuerySet[Paper]:
    """Return the papers for the edition of `day` that are in no edition yet."""
    seen = Listing.objects.filter(paper=OuterRef("pk"), day__gte=day - JOINS_WITHIN, day__lte=day)
    # The day's own papers count whenever they were listed. Late ones count only if the site was already watching the
    # source.
    seen = seen.filter(Q(day=day) | Q(source__watched_from=None) | Q(day__gte=F("source__watched_from")))
    # A hidden paper waits: if an admin shows it again, readers still get it.
    return Paper.objects.filter(Exists(seen), edition=None, is_hidden=False)
