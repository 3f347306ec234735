"""The public pages of papers."""

import datetime as dt

from django.core.paginator import Paginator
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render

from digest import editions
from digest.models import Edition, FetchRun, Paper, PaperAlias, QuietDay
from subscriptions.models import Topic

PAPERS_A_PAGE = 100


def latest_edition(request: HttpRequest) -> HttpResponse:
    newest = editions.latest()
    if newest is None:
        last_run = FetchRun.objects.exclude(status=FetchRun.Status.UNCHANGED).select_related("source").first()
        return render(request, "web/no_edition.html", {"last_run": last_run, "statuses": FetchRun.Status})
    return _edition_page(request, newest)


def edition(request: HttpRequest, day: dt.date) -> HttpResponse:
    found = Edition.objects.filter(day=day).first()
    if found is not None:
        return _edition_page(request, found)
    quiet = QuietDay.objects.filter(day=day).first()
    if quiet is None:
        raise Http404(f"There is no edition of {day}.")
    return render(request, "web/quiet_day.html", {"quiet": quiet}, status=404)


def paper(request: HttpRequest, key: str) -> HttpResponse:
    alias = PaperAlias.objects.filter(key=key).select_related("paper").first()
    if alias:
        return redirect("digest:paper", alias.paper.key, permanent=True)
    found = get_object_or_404(Paper.objects.select_related("edition"), key=key, is_hidden=False)
    listings = found.listings.select_related("source").order_by("day")
    return render(request, "web/paper.html", {"paper": found, "listings": listings})


def healthz(request: HttpRequest) -> HttpResponse:
    """Is the process up, and does the database answer?"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def _edition_page(request: HttpRequest, shown: Edition) -> HttpResponse:
    page = Paginator(editions.papers_of(shown), PAPERS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "edition": shown,
        "papers": list(page),
        "page": page,
        "previous": Edition.objects.filter(day__lt=shown.day).order_by("-day").first(),
        "next": Edition.objects.filter(day__gt=shown.day).order_by("day").first(),
        "topics": Topic.objects.filter(is_offered=True),
    }
    return render(request, "web/edition.html", context)
