"""The Atom feeds."""

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import translation
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from digest.email.formatting import translated
from digest.site import feeds
from digest.site.feeds import Feed
from digest.views.page_cache import show
from subscriptions import brand
from subscriptions.models import Subscriber, Topic
from subscriptions.query.grammar import FilterError
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import ForgedLinkError, Purpose
from subscriptions.views.common import signed_out_link

# Readers who have not confirmed get no feed; those who have unsubscribed may keep theirs.
READERS = (*Subscriber.SUBSCRIBED, Subscriber.Status.UNSUBSCRIBED)
ATOM = "application/atom+xml; charset=utf-8"


@require_safe
def latest(request: HttpRequest) -> HttpResponseBase:
    entries = feeds.entries_of(feeds.newest_papers())
    subtitle = _("The day’s research papers, ranked by votes")
    feed = Feed(feeds.make_id("feed"), brand.current().name, subtitle, request.path, reverse("digest:latest"), entries)
    return show(request, "web/feed.xml", {"feed": feed}, content_type=ATOM)


@require_safe
def topic(request: HttpRequest, slug: str) -> HttpResponseBase:
    found = get_object_or_404(Topic.objects.known(), slug=slug)
    entries = feeds.entries_of(feeds.papers_on(found))
    title = f"{translated(found.name)} · {brand.current().name}"
    subtitle, page = translated(found.description), reverse("digest:topic", args=[slug])
    feed = Feed(feeds.make_id(f"topic/{found.pk}"), title, subtitle, request.path, page, entries)
    return show(request, "web/feed.xml", {"feed": feed}, content_type=ATOM)


@require_safe
def search(request: HttpRequest) -> HttpResponseBase:
    query = request.GET.get("q", "").strip()
    try:
        entries = feeds.entries_of(feeds.found_by(query))
    except FilterError as error:
        return HttpResponse(f"{error}\n", status=400, content_type="text/plain; charset=utf-8")
    parameters = urlencode({"q": query})
    page = f"{reverse('digest:search')}?{parameters}"
    title = f"{query} · {brand.current().name}"
    feed = Feed(feeds.make_id(f"search/{parameters}"), title, "", f"{request.path}?{parameters}", page, entries)
    return show(request, "web/feed.xml", {"feed": feed}, query={"q": query}, content_type=ATOM)


@require_safe
def personal(request: HttpRequest, token: str) -> HttpResponseBase:
    """Return the papers for one reader, to anyone who knows the address."""
    try:
        link = link_tokens.read(Purpose.FEED, token)
        reader = Subscriber.objects.get(uid=link.uid, status__in=READERS)
    except (ForgedLinkError, Subscriber.DoesNotExist) as error:
        raise Http404("No such feed.") from error
    if not link.is_current(reader):
        return signed_out_link(request)
    entries, id_ = feeds.entries_of(feeds.for_reader(reader)), feeds.make_id(f"reader/{reader.uid}")
    with translation.override(reader.language):
        title = _("%(site)s for you") % {"site": brand.current().name}
        subtitle = _("The papers that match your topics and words")
        feed = Feed(id_, title, subtitle, request.path, reverse("digest:latest"), entries)
        response = show(request, "web/feed.xml", {"feed": feed}, content_type=ATOM, is_private=True)
    response.headers["X-Robots-Tag"] = "noindex"
    return response
