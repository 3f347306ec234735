"""The catalogue of topics, and the page of each with the papers published on it."""

import datetime as dt

from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from digest.models import TopicPaper
from digest.models.papers import CARD_FIELDS
from digest.site import archive, edition_filters, thumbnails, topic_list, topics
from digest.views.page_cache import paginate, show
from subscriptions.models import Topic

PAPERS_A_PAGE = 25
LAST_EDITIONS = 7
COLUMNS = ("paper", "reasons", "score", *(f"paper__{name}" for name in CARD_FIELDS), "paper__edition__day")
BY_VOTES = "votes"  # the value of `sort`; without one, the newest papers come first


@require_safe
def catalogue(request: HttpRequest) -> HttpResponseBase:
    """Show all topics by area, or those that `q` finds."""
    recent = archive.last_editions(LAST_EDITIONS)
    labels, counted = topics.offered(), topics.counts(recent)
    asked = " ".join(request.GET.get("q", "").replace("\x00", "").split())[: topic_list.MAX_QUERY_LENGTH]
    context = {
        "asked": asked,
        "editions": len(recent),
        "found": topic_list.search(labels, counted, asked) if asked else [],
        "areas": [] if asked else topic_list.by_area(labels, counted),
    }
    return show(request, "web/topics.html", context, query={"q": asked} if asked else {})


@require_safe
def topic(request: HttpRequest, slug: str) -> HttpResponseBase:
    found = get_object_or_404(Topic, slug=slug, is_offered=True)
    sort = BY_VOTES if request.GET.get("sort") == BY_VOTES else ""
    rows, pages = paginate(_in_order(topics.papers_on(found), sort), request.GET.get("page"), PAPERS_A_PAGE)
    labels = {pk: label for pk, label in topics.offered().items() if pk != found.pk}
    papers = [row.paper for row in rows]
    context = {
        "topic": found,
        "area": edition_filters.slug(found.group),
        "rows": rows,
        "sort": sort,
        "topics_of": topics.of_papers(papers, labels),
        "pictures": thumbnails.of_papers(papers),
        "pages": pages,
        "recent": topics.papers_on(found).filter(day__in=_recent_days()).count(),  # as the list of topics counts
        "editions": LAST_EDITIONS,
        "narrower": [label for label in labels.values() if label.slug in found.narrower],
        "broader": [label for label in labels.values() if found.slug in label.narrower],
        "neighbours": [label for label in labels.values() if label.group == found.group and _is_near(label, found)],
    }
    query = ({"sort": sort} if sort else {}) | ({"page": pages.number} if pages.number > 1 else {})
    return show(request, "web/topic.html", context, query=query)


def _recent_days() -> list[dt.date]:
    return [edition.day for edition in archive.last_editions(LAST_EDITIONS)]


def _in_order(rows: QuerySet[TopicPaper], sort: str) -> QuerySet[TopicPaper]:
    order = ("-paper__votes", "-day", "pk") if sort == BY_VOTES else ("-day", "-paper__votes", "pk")
    return rows.order_by(*order).select_related("paper__edition").only(*COLUMNS)


def _is_near(label: topics.TopicLabel, topic: Topic) -> bool:
    """Return whether `label` is a related topic: it doesn't include others, and `topic` doesn't include it."""
    return not label.narrower and label.slug not in topic.narrower
