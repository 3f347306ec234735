"""The catalogue of topics, and the page of each with the papers published on it."""

from itertools import chain

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from digest.site import archive, topics
from digest.views.page_cache import CARD, paginate, show
from subscriptions.models import Topic

PAPERS_A_PAGE = 25
LAST_EDITIONS = 7
SHOWN = ("paper", "reasons", "score", *(f"paper__{name}" for name in CARD), "paper__edition__day")


@require_safe
def catalogue(request: HttpRequest) -> HttpResponseBase:
    counted = topics.counts(archive.newest(LAST_EDITIONS))
    groups: dict[str, list[tuple[topics.TopicLabel, int]]] = {}
    for pk, label in topics.offered().items():
        groups.setdefault(label.group, []).append((label, counted.get(pk, 0)))
    names = {label.slug: label.name for label, _ in chain.from_iterable(groups.values())}
    context = {"groups": list(groups.items()), "names": names, "editions": LAST_EDITIONS}
    return show(request, "web/topics.html", context)


@require_safe
def topic(request: HttpRequest, slug: str) -> HttpResponseBase:
    found = get_object_or_404(Topic.objects.known(), slug=slug)
    on_topic = topics.papers_on(found).select_related("paper__edition").only(*SHOWN)
    rows, pages = paginate(on_topic, request.GET.get("page"), PAPERS_A_PAGE)
    labels = {pk: label for pk, label in topics.offered().items() if pk != found.pk}
    context = {
        "topic": found,
        "rows": rows,
        "topics_of": topics.of_papers([row.paper for row in rows], labels),
        "pages": pages,
        "narrower": [label for label in labels.values() if label.slug in found.narrower],
        "broader": [label for label in labels.values() if found.slug in label.narrower],
        "neighbours": [label for label in labels.values() if label.group == found.group and _is_near(label, found)],
    }
    query = {"page": pages.number} if pages.number > 1 else {}
    return show(request, "web/topic.html", context, query=query)


def _is_near(label: topics.TopicLabel, topic: Topic) -> bool:
    """Return whether `label` is a related topic: it doesn't include others, and `topic` doesn't include it."""
    return not label.narrower and label.slug not in topic.narrower
