"""The catalogue, and what readers follow of it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from subscriptions.admin.deleting import DeletesTopics
from subscriptions.lines import LinesField
from subscriptions.models import Subscriber, Topic

SUBSCRIBED = (Subscriber.Status.ACTIVE, Subscriber.Status.PAUSED)
BROADER = (
    "Choose topics here, and this one stands for them: who ticks it gets whatever any of them finds, also of those "
    "that are not offered, and need not tick them. Phrases of its own find more. A broader topic can’t be part of "
    "another."
)


class TopicsWidget(FilteredSelectMultiple):
    def render(self, *args: Any, **kwargs: Any) -> Any:
        # Its script puts the boxes first in what is around them, which without this is the field's label, too.
        return format_html("<div>{}</div>", super().render(*args, **kwargs))


class TopicsField(forms.ModelMultipleChoiceField[Topic]):
    """Topics to choose from, kept as a list of their slugs."""

    def __init__(self, **kwargs: Any) -> None:
        widget = TopicsWidget("topics", is_stacked=False)
        super().__init__(Topic.objects.filter(narrower=[]), to_field_name="slug", widget=widget, **kwargs)

    def clean(self, value: Any) -> list[str]:  # type: ignore[override]  # slugs, where others have rows
        return [topic.slug for topic in super().clean(value)]


class TopicForm(forms.ModelForm[Topic]):
    phrases = LinesField(required=False, help_text="One a line, such as: reward model. Any of them matches.")
    exclusions = LinesField(required=False, help_text="One a line. A paper with any of them never matches.")
    narrower = TopicsField(required=False, label="Narrower topics")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "narrower" in self.fields:  # who may only look has none
            choices: Any = self.fields["narrower"]
            choices.queryset = choices.queryset.exclude(pk=self.instance.pk)


class Breadth(admin.SimpleListFilter):
    title = "breadth"
    parameter_name = "breadth"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("broader", "Broader: stands for others"), ("narrow", "Narrow: stands for itself")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Topic]) -> QuerySet[Topic]:
        wanted = {"broader": queryset.exclude(narrower=[]), "narrow": queryset.filter(narrower=[])}
        return wanted.get(self.value() or "", queryset)


class Relatives:
    """Which topics stand for which, each with its number of readers."""

    def __init__(self) -> None:
        self._topics = {topic.slug: topic for topic in _with_readers(Topic.objects.all())}

    def narrower(self, topic: Topic) -> list[Any]:
        return [self._topics[slug] for slug in topic.narrower if slug in self._topics]

    def broader(self, topic: Topic) -> list[Any]:
        return [wide for wide in self._topics.values() if topic.slug in wide.narrower]


class TopicList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        relatives = Relatives()  # once for all rows
        for topic in self.result_list:
            topic.relatives = relatives


@admin.register(Topic)
class TopicAdmin(DeletesTopics, admin.ModelAdmin[Topic]):
    form = TopicForm
    list_display = ["name", "readers", "about", "group", "offered"]
    list_filter = [Breadth, "group", "is_offered"]
    search_fields = ["name", "slug", "description", "phrases"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["followed"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "group", "description", "is_offered", "position", "followed"]}),
        ("What finds its papers", {"fields": ["phrases", "exclusions"]}),
        ("A broader topic?", {"fields": ["narrower"], "description": BROADER}),
    ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TopicList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Topic]:
        return _with_readers(super().get_queryset(request))

    @admin.display(ordering="readers", description="readers")
    def readers(self, topic: Any) -> str:
        return _linked(topic)

    @admin.display(description="what it is about")
    def about(self, topic: Any) -> str:
        """With what it stands for, and what stands for it: who follows that gets it, too."""
        narrower = ", ".join(other.name for other in topic.relatives.narrower(topic))
        broader = ", ".join(f"{wide.name} ({_readers(wide.readers)})" for wide in topic.relatives.broader(topic))
        said = [(f"{words} {names}.",) for words, names in (("Stands for", narrower), ("Part of", broader)) if names]
        return format_html("{}{}", topic.description, format_html_join("", "<p>{}</p>", said))

    @admin.display(boolean=True, ordering="is_offered")
    def offered(self, topic: Topic) -> bool:
        return topic.is_offered

    @admin.display(description="readers")
    def followed(self, topic: Any) -> str:
        """How many follow it, and what stands for it."""
        if not topic.pk:
            return "Nobody yet."
        page = "admin:subscriptions_topic_change"
        wide = [(_linked(one), reverse(page, args=[one.pk]), one) for one in Relatives().broader(topic)]
        more = format_html_join("", '<li>{} by <a href="{}">{}</a>, which stands for it.</li>', wide)
        return format_html("<ul><li>{} by itself.</li>{}</ul>", _linked(topic), more) if wide else _linked(topic)


def _with_readers(topics: QuerySet[Topic]) -> QuerySet[Topic]:
    return topics.annotate(readers=Count("filters", filter=Q(filters__subscriber__status__in=SUBSCRIBED)))


def _readers(number: int) -> str:
    return "1 reader" if number == 1 else f"{number} readers"


def _linked(topic: Any) -> str:
    """How many readers follow it, as a link to them."""
    address = reverse("admin:subscriptions_subscriber_changelist")
    wanted = f"filters__topic__id__exact={topic.pk}&status__in={','.join(SUBSCRIBED)}"
    return format_html('<a href="{}?{}">{}</a>', address, wanted, topic.readers) if topic.readers else "0"
