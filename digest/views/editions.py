"""The pages of editions: a day's papers, and the best papers of a week or a month."""

import datetime as dt

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest.editions import publication
from digest.models import Edition, FetchRun, QuietDay
from digest.site import archive, thumbnails, topics
from digest.views.page_cache import CARD, paginate, show

PAPERS_A_PAGE = 40
BEST = 20  # papers of a week or a month


@require_safe
def latest(request: HttpRequest) -> HttpResponseBase:
    newest = publication.latest()
    return _edition_page(request, newest) if newest else _nothing_yet(request)


@require_safe
def edition(request: HttpRequest, day: dt.date) -> HttpResponseBase:
    if shown := Edition.objects.filter(day=day).first():
        return _edition_page(request, shown)
    quiet = QuietDay.objects.filter(day=day).first()
    if quiet is None:
        raise Http404(f"There is no edition of {day}.")
    return render(request, "web/quiet_day.html", {"quiet": quiet, "around": archive.span(day, day)}, status=404)


@require_safe
def week(request: HttpRequest, day: dt.date) -> HttpResponseBase:
    return _best_page(request, "web/week.html", archive.week_of(day))


@require_safe
def month(request: HttpRequest, day: dt.date) -> HttpResponseBase:
    return _best_page(
        request, "web/month.html", days := archive.month_of(day), weeks=archive.weeks(days), today=_today()
    )


@require_safe
def newest_month(request: HttpRequest) -> HttpResponse:
    newest = publication.latest()
    return redirect("digest:month", newest.day if newest else _today())


def _edition_page(request: HttpRequest, shown: Edition) -> HttpResponseBase:
    labels, counted = topics.offered(), topics.counts([shown])
    topic = _chosen_topic(request, labels)
    ranked = publication.papers_by_votes(shown).only(*CARD)
    on_topic = ranked.filter(topics__topic__slug=topic.slug) if topic else ranked
    papers, pages = paginate(on_topic, request.GET.get("page"), PAPERS_A_PAGE)
    context = {
        "edition": shown,
        "open_until": _open_until(shown),
        "papers": papers,
        "pages": pages,
        "topic": topic,
        "topics": topics.most_frequent(labels, counted),
        "topics_of": topics.of_papers(papers, labels),
        "pictures": thumbnails.of_papers(papers),
        "days": archive.span(shown.day, shown.day),
    }
    query = ({"topic": topic.slug} if topic else {}) | ({"page": pages.number} if pages.number > 1 else {})
    return show(request, "web/edition.html", context, query=query)


def _chosen_topic(request: HttpRequest, labels: topics.Labels) -> topics.TopicLabel | None:
    """Return the topic that the edition is filtered by. Raises Http404 if it is not offered."""
    slug = request.GET.get("topic", "")
    chosen = next((label for label in labels.values() if label.slug == slug), None)
    if slug and chosen is None:
        raise Http404(f"There is no topic {slug}.")
    return chosen


def _best_page(request: HttpRequest, template: str, days: archive.DateRange, **more: object) -> HttpResponseBase:
    papers = archive.best_of(days, BEST)
    if not papers and not days.first <= _today() <= days.last:
        raise Http404(f"There is no edition from {days.first} to {days.last}.")
    context = {
        "days": days,
        "papers": papers,
        "editions": archive.editions_in(days),
        "topics_of": topics.of_papers(papers, topics.offered()),
        "pictures": thumbnails.of_papers(papers),
    }
    return show(request, template, context | more)


def _open_until(shown: Edition) -> dt.datetime | None:
    """Return the time at which the edition closes, or None if it is closed or waits for an admin."""
    hour = publication.hour_of(shown.day)
    return hour if shown.closed_at is None and timezone.now() < hour else None


def _today() -> dt.date:
    return timezone.now().date()


def _nothing_yet(request: HttpRequest) -> HttpResponse:
    last_run = FetchRun.objects.exclude(status=FetchRun.Status.UNCHANGED).select_related("source").first()
    response = render(request, "web/no_edition.html", {"last_run": last_run, "statuses": FetchRun.Status})
    response.headers["Cache-Control"] = "no-store"
    return response
