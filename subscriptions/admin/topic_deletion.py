"""The checks before topics are deleted: which can go, which rows go with them, and why the others stay."""

from collections.abc import Iterator
from typing import Any

from django.db.models import CASCADE
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from subscriptions.models import Topic, TopicFilter
from subscriptions.topics import catalogues

INSTEAD = "Untick “offered to readers” on its page instead: no new readers can choose it, and its followers keep it."


class DeletesTopics:
    """Refuse to delete topics that are in use, with the reason; count the rows that go with the others."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        topics: list[Topic] = list(objs)
        rows = [f"Topic: {topic}" for topic in topics]
        return rows, _counts(topics), set(), list(_needed(topics))


def _counts(topics: list[Topic]) -> dict[str, int]:
    """Return how many rows go, by name. A topic may have too many papers to list them."""
    counts = {str(Topic._meta.verbose_name_plural): len(topics)}
    for relation in Topic._meta.related_objects:
        if relation.on_delete is CASCADE:
            rows = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": topics}).count()
            counts |= {str(relation.related_model._meta.verbose_name_plural): rows} if rows else {}
    return counts


def _needed(topics: list[Topic]) -> Iterator[str]:
    """Yield one line for each reason why a topic can't be deleted."""
    going = {topic.slug for topic in topics}
    in_catalogue = going & catalogues.loaded_slugs()
    broader = [wide for wide in Topic.objects.exclude(narrower=[]).exclude(slug__in=going) if not wide.is_area]
    for topic in topics:
        if followed := _followed(topic):
            yield format_html("{} is followed by {}. {}", _link(topic), followed, INSTEAD)
        elif topic.slug in in_catalogue:
            yield format_html("{} is in the catalogue, and the next load would add it again. {}", _link(topic), INSTEAD)
        for wide in broader:
            if topic.slug in wide.narrower:
                yield format_html("{} includes {}. Remove it there first.", _link(wide), _link(topic))


def _followed(topic: Topic) -> str:
    """Return how many readers follow the topic, as a link to them, or ""."""
    number = TopicFilter.objects.filter(topic=topic).count()
    if not number:
        return ""
    readers = "one reader" if number == 1 else f"{number} readers"
    address = f"{reverse('admin:subscriptions_subscriber_changelist')}?filters__topic__id__exact={topic.pk}"
    return format_html('<a href="{}">{}</a>, including unsubscribed and unconfirmed ones', address, readers)


def _link(topic: Topic) -> str:
    return format_html('<a href="{}">{}</a>', reverse("admin:subscriptions_topic_change", args=[topic.pk]), topic)
