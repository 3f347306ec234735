"""The day's papers, frozen and published. Once a paper is in an edition, it stays there and comes in no other."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When

from digest import papers
from digest.models import Edition, FetchRun, Listing, Paper, QuietDay, Source
from digest.papers import topic_assignment

# Papers that were listed too late for their own day's edition come in the next, if that is within a week.
LATE = dt.timedelta(days=7)
DAYS_AT_FIRST_START = 7
BY_VOTES = ("-is_pinned", "-votes", "-edition_votes", "pk")  # as an edition's page has its papers


@dataclass(frozen=True)
class PublishResult:
    """What came of publishing a day. Without papers there is no edition, and `reason` says why."""

    edition: Edition | None
    is_new: bool
    papers: int
    reason: str = ""


def publish(day: dt.date, *, now: dt.datetime, mail: bool = True) -> PublishResult:
    """Freeze the papers listed up to `day` that no earlier edition had. A second run changes nothing.

    Mailed by schedule are editions of today and yesterday, unless `mail` is False: nobody waits for older ones.
    Only an edition that is not to be mailed, made before its hour, stays open until then: a new site shows the
    papers that there are, and those that come until the hour still belong to it.
    """
    known = Edition.objects.filter(day=day).first()
    if known and known.closed_at:
        return _published(known)
    if known is None and not Listing.objects.filter(day=day).exists():
        return _nothing_to_publish(day, _cause(day), why_empty(day))
    with transaction.atomic():
        papers.lock_ingest()
        edition, is_new = Edition.objects.select_for_update().get_or_create(day=day, defaults={"published_at": now})
        if edition.closed_at:  # by somebody else, while we waited for the row
            return _published(edition)
        _waiting(day).update(edition=edition)
        if not edition.papers.update(edition_votes=F("votes")):
            edition.delete()
            reason = f"Every paper listed for {day} was in an earlier edition, or is hidden."
            return _nothing_to_publish(day, QuietDay.Cause.OUT, reason)
        is_closed = mail or now >= hour_of(day)
        if is_closed:
            edition.published_at = edition.closed_at = now
            edition.mail_from = now if mail and day >= now.date() - dt.timedelta(days=1) else None
            edition.save()
        QuietDay.objects.filter(day=day).delete()
    topic_assignment.assign_topics(edition, at_once=True)
    return _published(edition, is_new=is_new or is_closed)


def hour_of(day: dt.date) -> dt.datetime:
    """The hour at which the edition of `day` is published."""
    return dt.datetime.combine(day, dt.time(settings.PUBLISH_HOUR), dt.UTC)


def due_day(now: dt.datetime) -> dt.date:
    """The newest day whose hour of publication has come."""
    return (now - dt.timedelta(hours=settings.PUBLISH_HOUR)).date()


def next_day(now: dt.datetime) -> dt.date:
    """The day of the edition that is to be closed next: an admin may have closed today's before its hour."""
    day = due_day(now) + dt.timedelta(days=1)
    is_closed = Edition.objects.filter(day=day).exclude(closed_at=None).exists()
    return day + dt.timedelta(days=1) if is_closed else day


def publish_first_days(*, now: dt.datetime) -> None:
    """Publish, unmailed, those of the last days that are older than the site, once every source has been read."""
    first = Edition.objects.order_by("day").values_list("day", flat=True).first()
    days = [day for day in last_days(DAYS_AT_FIRST_START, until=now.date()) if first is None or day < first]
    recent = FetchRun.objects.filter(started_at__gt=now - dt.timedelta(hours=1))
    unread = Source.objects.filter(is_active=True).exclude(pk__in=recent.values("source"))
    if days and not unread.exists():
        publish_last_days(days, now=now)


def publish_last_days(days: Sequence[dt.date], *, now: dt.datetime) -> list[PublishResult]:
    """Publish each of `days` without mailing it, all or none: so that a new site has something to show."""
    with transaction.atomic():
        return [publish(day, now=now, mail=False) for day in sorted(days)]


def last_days(count: int, *, until: dt.date) -> list[dt.date]:
    return [until - dt.timedelta(days=back) for back in reversed(range(count))]


def papers_of(edition: Edition) -> QuerySet[Paper]:
    """The edition's papers as readers see them: pinned first, then by votes at publication."""
    return edition.papers.filter(is_hidden=False).order_by("-is_pinned", "-edition_votes", "pk")


def papers_by_votes(edition: Edition) -> QuerySet[Paper]:
    """The edition's papers as its page ranks them: pinned first, then by the votes of now."""
    return edition.papers.filter(is_hidden=False).order_by(*BY_VOTES)


def adjacent_keys(paper: Paper) -> tuple[str, str]:
    """The keys of the papers before and after `paper` on its edition's page; nothing where there is none."""
    if paper.edition is None:
        return "", ""
    keys = ["", *papers_by_votes(paper.edition).values_list("key", flat=True), ""]
    at = keys.index(paper.key)
    return keys[at - 1], keys[at + 1]


def papers_for(day: dt.date) -> QuerySet[Paper]:
    """The papers that there are by now for the edition of `day`, which is not closed yet."""
    return Paper.objects.filter(Q(edition__day=day, is_hidden=False) | Q(pk__in=_waiting(day).values("pk")))


def latest() -> Edition | None:
    return Edition.objects.order_by("-day").first()


def newest_closed() -> Edition | None:
    return Edition.objects.exclude(closed_at=None).order_by("-day").first()


def why_empty(day: dt.date) -> str:
    """Why there is no edition of `day`, from what each source last said about it, or since."""
    if runs := _last_runs(day):
        return " ".join(_last_message(run) for run in runs)
    return f"No source was asked for {day} yet. Run fetch_papers --date {day} first."


def _cause(day: dt.date) -> QuietDay.Cause:
    """The same for readers, of a day for which nothing was listed."""
    bad = {FetchRun.Status.FAILED, FetchRun.Status.UNREACHABLE}
    runs = _last_runs(day)
    is_known = runs and bad.isdisjoint(run.status for run in runs)
    return QuietDay.Cause.NOTHING if is_known else QuietDay.Cause.TROUBLE


def _last_runs(day: dt.date) -> list[FetchRun]:
    """The run of each source that says most of `day`."""
    told = FetchRun.objects.filter(Q(day=day) | Q(started_at__date__gte=day), source__is_active=True)
    runs: dict[int, FetchRun] = {}
    # What was said about the day itself goes over what was said since, and anything over "nothing changed".
    about_the_day = Case(When(day=day, then=1), default=0)
    changed = Case(When(status=FetchRun.Status.UNCHANGED, then=0), default=1)
    for run in told.select_related("source").order_by(about_the_day, changed, "started_at"):
        runs[run.source_id] = run
    return list(runs.values())


def _last_message(run: FetchRun) -> str:
    message = (run.message or run.get_status_display()).rstrip(".")
    return f"{message}." if message.startswith(str(run.source)) else f"{run.source}: {message}."


def best_of(first: dt.date, last: dt.date, count: int) -> QuerySet[Paper]:
    """The `count` papers of the editions from `first` to `last` that have the most votes now."""
    shown = Paper.objects.filter(edition__day__gte=first, edition__day__lte=last, is_hidden=False)
    return shown.order_by("-votes", "-edition_votes", "pk")[:count]


def note_quiet_days(*, until: dt.date) -> None:
    """Write down why days before `until` have no edition, when nobody was there to publish or to find them empty."""
    first = Edition.objects.order_by("day").values_list("day", flat=True).first()
    for day in last_days(LATE.days, until=until - dt.timedelta(days=1)):
        is_known = Edition.objects.filter(day=day).exists() or QuietDay.objects.filter(day=day).exists()
        if first and day > first and not is_known:
            came_later = "Nobody published it at the time: its papers came in the next edition."
            listed = Listing.objects.filter(day=day).exists()
            reason = came_later if listed else why_empty(day)
            cause = QuietDay.Cause.LATER if listed else _cause(day)
            QuietDay.objects.get_or_create(day=day, defaults={"reason": reason, "cause": cause})


def _published(edition: Edition, *, is_new: bool = False) -> PublishResult:
    return PublishResult(edition, is_new=is_new, papers=papers_of(edition).count())


def _nothing_to_publish(day: dt.date, cause: QuietDay.Cause, reason: str) -> PublishResult:
    """Say so, and write down why: readers and operators ask later."""
    QuietDay.objects.update_or_create(day=day, defaults={"cause": cause, "reason": reason})
    return PublishResult(None, is_new=False, papers=0, reason=reason)


def _waiting(day: dt.date) -> QuerySet[Paper]:
    seen = Listing.objects.filter(paper=OuterRef("pk"), day__gte=day - LATE, day__lte=day)
    # The day's own papers, whenever they are asked for; late ones only if they were not there before we looked.
    seen = seen.filter(Q(day=day) | Q(source__watched_from=None) | Q(day__gte=F("source__watched_from")))
    # One that is hidden waits: should an admin show it again, readers shall get it.
    return Paper.objects.filter(Exists(seen), edition=None, is_hidden=False)
