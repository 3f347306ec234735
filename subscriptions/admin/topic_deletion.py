"""Which topics can be deleted, what goes with them, and what to do about the others."""

from collections.abc import Iterator
from typing import Any

from django.db.models import CASCADE
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from subscriptions.models import Topic, TopicFilter
from subscriptions.topics import catalogue

INSTEAD = "Untick “offered to readers” on its page instead: nobody else can choose it, and who follows it keeps it."


class DeletesTopics:
    """Says why a topic is needed; one that is not goes with the papers found on it, which are counted, not listed."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        topics: list[Topic] = list(objs)
        rows = [f"Topic: {topic}" for topic in topics]
        return rows, _counts(topics), set(), list(_needed(topics))


def _counts(topics: list[Topic]) -> dict[str, int]:
    """How many rows go, by what they are called; there may be too many papers on a topic to show each."""
    counts = {str(Topic._meta.verbose_name_plural): len(topics)}
    for relation in Topic._meta.related_objects:
        if relation.on_delete is CASCADE:
            rows = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": topics}).count()
            counts |= {str(relation.related_model._meta.verbose_name_plural): rows} if rows else {}
    return counts


def _needed(topics: list[Topic]) -> Iterator[str]:
    """Why these can't go, a line each."""
    going = {topic.slug for topic in topics}
    listed = going & catalogue.slugs()
    broader = Topic.objects.exclude(narrower=[]).exclude(slug__in=going)
    for topic in topics:
        if followed := _followed(topic):
            yield format_html("{} is followed by {}. {}", _link(topic), followed, INSTEAD)
        elif topic.slug in listed:
            yield format_html("{} is of the catalogue, which would bring it back. {}", _link(topic), INSTEAD)
        for wide in broader:
            if topic.slug in wide.narrower:
                yield format_html("{} stands for {}: take it out there first.", _link(wide), _link(topic))


def _followed(topic: Topic) -> str:
    """By how many, as a link to them; nothing where nobody follows it."""
    number = TopicFilter.objects.filter(topic=topic).count()
    if not number:
        return ""
    readers = "one reader" if number == 1 else f"{number} readers"
    address = f"{reverse('admin:subscriptions_subscriber_changelist')}?filters__topic__id__exact={topic.pk}"
    return format_html('<a href="{}">{}</a>, counting who left or has not confirmed', address, readers)


def _link(topic: Topic) -> str:
    return format_html('<a href="{}">{}</a>', reverse("admin:subscriptions_topic_change", args=[topic.pk]), topic)
