"""The catalogue, and what readers follow of it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from subscriptions.admin.deleting import DeletesTopics
from subscriptions.lines import LinesField
from subscriptions.models import Topic


class TopicsField(forms.ModelMultipleChoiceField[Topic]):
    """Topics to choose from, kept as a list of their slugs."""

    def __init__(self, **kwargs: Any) -> None:
        widget = FilteredSelectMultiple("topics", is_stacked=False)
        super().__init__(Topic.objects.filter(narrower=[]), to_field_name="slug", widget=widget, **kwargs)

    def clean(self, value: Any) -> list[str]:  # type: ignore[override]  # slugs, where others have rows
        return [topic.slug for topic in super().clean(value)]


class TopicForm(forms.ModelForm[Topic]):
    phrases = LinesField(required=False, help_text="One a line, such as: reward model. Any of them matches.")
    exclusions = LinesField(required=False, help_text="One a line. A paper with any of them never matches.")
    narrower = TopicsField(
        required=False,
        help_text="A broader topic stands for these, offered or not: who ticks it gets what any of them finds.",
    )


@admin.register(Topic)
class TopicAdmin(DeletesTopics, admin.ModelAdmin[Topic]):
    form = TopicForm
    list_display = ["name", "group", "description", "stands_for", "readers", "is_offered"]
    list_filter = ["group", "is_offered"]
    search_fields = ["name", "slug", "description", "phrases"]
    prepopulated_fields = {"slug": ["name"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Topic]:
        return super().get_queryset(request).annotate(readers=Count("filters"))

    @admin.display(description="stands for")
    def stands_for(self, topic: Topic) -> str:
        return f"{len(topic.narrower)} topics" if topic.narrower else ""

    @admin.display(ordering="readers", description="readers")
    def readers(self, topic: Topic) -> int:
        count: int = topic.readers  # type: ignore[attr-defined]  # annotated above
        return count
