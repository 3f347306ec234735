"""The papers for feed readers."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from digest import feeds
from digest.feeds import Feed
from digest.views.pages import show
from subscriptions.models import Topic

ATOM = "application/atom+xml; charset=utf-8"


@require_safe
def latest(request: HttpRequest) -> HttpResponseBase:
    entries = feeds.entries_of(feeds.newest_papers())
    subtitle = _("The day’s research papers, ranked by votes")
    feed = Feed(feeds.make_id("feed"), settings.SITE_NAME, subtitle, request.path, reverse("digest:latest"), entries)
    return show(request, "web/feed.xml", {"feed": feed}, content_type=ATOM)


@require_safe
def topic(request: HttpRequest, slug: str) -> HttpResponseBase:
    found = get_object_or_404(Topic, slug=slug, is_offered=True)
    entries = feeds.entries_of(feeds.papers_on(found))
    title = f"{found.name} · {settings.SITE_NAME}"
    page = reverse("digest:topic", args=[slug])
    feed = Feed(feeds.make_id(f"topic/{found.pk}"), title, found.description, request.path, page, entries)
    return show(request, "web/feed.xml", {"feed": feed}, content_type=ATOM)
