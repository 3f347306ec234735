"""The catalogue of topics, and what was published on each."""

from collections import defaultdict

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from digest import archive, topics
from digest.models import TopicPaper
from digest.views.pages import cut, show
from subscriptions.models import Topic

PAPERS_A_PAGE = 25
LAST_EDITIONS = 7


@require_safe
def catalogue(request: HttpRequest) -> HttpResponseBase:
    groups: dict[str, list[Topic]] = defaultdict(list)
    for topic in Topic.objects.filter(is_offered=True):
        groups[topic.group].append(topic)
    counts = topics.recent_counts(archive.newest(LAST_EDITIONS))
    context = {"groups": list(groups.items()), "counts": counts, "editions": LAST_EDITIONS}
    return show(request, "web/topics.html", context)


@require_safe
def topic(request: HttpRequest, slug: str) -> HttpResponseBase:
    found = get_object_or_404(Topic, slug=slug, is_offered=True)
    on_topic = topics.papers_on(found).select_related("paper__edition")
    rows, pages = cut(on_topic, request.GET.get("page"), PAPERS_A_PAGE)
    papers: list[tuple[TopicPaper, list[Topic]]] = []
    others = topics.of_papers([row.paper for row in rows])
    for row in rows:
        papers.append((row, [other for other in others[row.paper_id] if other != found]))
    neighbours = list(Topic.objects.filter(group=found.group, is_offered=True).exclude(pk=found.pk))
    context = {"topic": found, "papers": papers, "pages": pages, "neighbours": neighbours}
    query = {"page": pages.number} if pages.number > 1 else {}
    return show(request, "web/topic.html", context, query=query)
