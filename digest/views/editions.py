"""The pages of editions: a day's papers, and the best papers of a week or a month."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest.editions import publication
from digest.models import Edition, FetchRun, Paper, QuietDay
from digest.models.papers import CARD_FIELDS
from digest.search import reader_digest
from digest.site import archive, edition_filters, reader_state, thumbnails, topics
from digest.views.page_cache import Pagination, paginate, show

PAPERS_OF_A_DAY = 40  # on a page
PAPERS_OF_A_PERIOD = 20  # on a page of a week or a month


@require_safe
def latest(request: HttpRequest) -> HttpResponseBase:
    newest = publication.newest()
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
    newest = publication.newest()
    return redirect("digest:month", newest.day if newest else _today())


def _edition_page(request: HttpRequest, shown: Edition) -> HttpResponseBase:
    labels, filters = _filters(request, [shown])
    chosen = filters["chosen"]
    ranked = publication.papers_as_shown(shown).only(*CARD_FIELDS)
    papers, pages = paginate(
        edition_filters.apply(ranked, [shown], labels, chosen), request.GET.get("page"), PAPERS_OF_A_DAY
    )
    days = archive.span(shown.day, shown.day)
    context: dict[str, Any] = filters | {
        "edition": shown,
        "open_until": _open_until(shown),
        "papers": papers,
        "pages": pages,
        "topics_of": topics.of_papers(papers, labels),
        "pictures": thumbnails.of_papers(papers),
        "days": days,
    }
    state = reader_state.of_request(request)
    is_front = not days.after and not chosen and pages.number == 1
    for_reader = reader_digest.by_interest(state.reader, shown, state.dismissed) if state and is_front else []
    context["for_reader"] = for_reader
    return show(request, "web/edition.html", context, query=_query(chosen, pages))


def _query(chosen: dict[str, str], pages: Pagination) -> dict[str, object]:
    return {**chosen, **({"page": pages.number} if pages.number > 1 else {})}


def _filters(request: HttpRequest, editions: Sequence[Edition]) -> tuple[topics.Labels, dict[str, Any]]:
    """Return the topics on offer, and what the bar with the filters shows."""
    labels, counted = topics.offered(), topics.counts(editions)
    areas = edition_filters.areas(editions, labels, counted)
    topic = _chosen_topic(request, labels)
    chosen = _choices(request, topic, areas)
    slug = edition_filters.slug(topic.group) if topic else chosen.get("area")
    area = next((found for found in areas if found.slug == slug), None)
    return labels, {"chosen": chosen, "topic": topic, "areas": areas, "area": area}


def _choices(
    request: HttpRequest, topic: topics.TopicLabel | None, areas: Sequence[edition_filters.AreaFilter]
) -> dict[str, str]:
    """Return the parameters of the address that differ from their defaults. A topic goes before an area."""
    chosen = {
        "area": "" if topic else _chosen(request, "area", [area.slug for area in areas]),
        "topic": topic.slug if topic else "",
        "sort": _chosen(request, "sort", list(edition_filters.ORDERS)),
        "view": _chosen(request, "view", ["compact"]),
    }
    return {name: value for name, value in chosen.items() if value}


def _chosen(request: HttpRequest, name: str, values: Sequence[str]) -> str:
    """Return the parameter `name` if it is one of `values`, else ""."""
    value = request.GET.get(name, "")
    return value if value in values else ""


def _chosen_topic(request: HttpRequest, labels: topics.Labels) -> topics.TopicLabel | None:
    """Return the topic that the edition is filtered by. Raise Http404 if it is not offered."""
    slug = request.GET.get("topic", "")
    chosen = next((label for label in labels.values() if label.slug == slug), None)
    if slug and chosen is None:
        raise Http404(f"There is no topic {slug}.")
    return chosen


def _best_page(request: HttpRequest, template: str, days: archive.DateRange, **more: object) -> HttpResponseBase:
    editions = archive.editions_in(days)
    if not editions and not days.first <= _today() <= days.last:
        raise Http404(f"There is no edition from {days.first} to {days.last}.")
    labels, filters = _filters(request, editions)
    ranked = edition_filters.apply(archive.by_votes(editions), editions, labels, filters["chosen"])
    # Rank primary keys first. An index covers this query, and a month has twenty thousand papers.
    keys, pages = paginate(ranked.values_list("pk", flat=True), request.GET.get("page"), PAPERS_OF_A_PERIOD)
    shown = Paper.objects.select_related("edition").only(*CARD_FIELDS, "edition__day").in_bulk(keys)
    papers = [shown[key] for key in keys if key in shown]
    context = filters | {
        "days": days,
        "papers": papers,
        "pages": pages,
        "editions": [edition.day for edition in editions],
        "topics_of": topics.of_papers(papers, labels),
        "pictures": thumbnails.of_papers(papers),
    }
    return show(request, template, context | more, query=_query(filters["chosen"], pages))


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
