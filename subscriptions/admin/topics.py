"""The catalogue, and what readers follow of it."""

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from subscriptions.lines import LinesField
from subscriptions.models import Topic


class TopicForm(forms.ModelForm[Topic]):
    phrases = LinesField(help_text="One a line, such as: reward model. Any of them matches.")
    exclusions = LinesField(required=False, help_text="One a line. A paper with any of them never matches.")


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin[Topic]):
    form = TopicForm
    list_display = ["name", "group", "description", "readers", "is_offered"]
    list_filter = ["group", "is_offered"]
    search_fields = ["name", "slug", "description", "phrases"]
    prepopulated_fields = {"slug": ["name"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Topic]:
        return super().get_queryset(request).annotate(readers=Count("filters"))

    @admin.display(ordering="readers", description="readers")
    def readers(self, topic: Topic) -> int:
        count: int = topic.readers  # type: ignore[attr-defined]  # annotated above
        return count
