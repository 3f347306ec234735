"""Topics, and how many readers follow each."""

from collections import Counter
from itertools import groupby
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db.models import Case, Count, Max, Model, QuerySet, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from subscriptions.admin.base import SavesChangesAdmin
from subscriptions.admin.topic_deletion import DeletesTopics
from subscriptions.forms import LinesField
from subscriptions.models import Subscriber, Topic, TopicFilter
from subscriptions.pills import pill
from subscriptions.slow_counts import remembered
from subscriptions.topics import areas

FOLLOWED = TopicFilter.objects.filter(subscriber__status__in=Subscriber.SUBSCRIBED).order_by()
LONGEST_PHRASE = 120  # characters
NAMED = 4  # of the topics that a broader one includes, in the list
BROADER = (
    "A broader topic includes the topics chosen here. Readers who tick it get what any of them finds, even if that "
    "topic is not offered to readers. It can also have phrases of its own. It can’t be part of another topic. If its "
    "name is that of its group, it is an area: it then always includes all single topics of the group."
)


class TopicsWidget(forms.CheckboxSelectMultiple):
    """Boxes to tick, below the name of each group."""

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        options = [option for _, (option,), _ in super().optgroups(name, value, attrs)]
        groups = [(group, list(boxes)) for group, boxes in groupby(options, lambda one: one["value"].instance.group)]
        groups.sort(key=lambda group: not any(box["selected"] for box in group[1]))  # those with a tick first
        return [(group, boxes, number) for number, (group, boxes) in enumerate(groups)]


class NarrowerTopicsField(forms.ModelMultipleChoiceField[Topic]):
    """A choice of topics. Its value is a list of slugs."""

    def __init__(self, **kwargs: Any) -> None:
        queryset = (
            Topic.objects.filter(narrower=[]).defer("phrases", "exclusions").order_by("group", "position", "name")
        )
        super().__init__(queryset, to_field_name="slug", widget=TopicsWidget, **kwargs)

    def clean(self, value: Any) -> list[str]:  # type: ignore[override]  # slugs, not rows
        return [topic.slug for topic in super().clean(value)]


class GroupWidget(forms.MultiWidget):
    """A choice of the existing groups, with a text box for a new one, which wins if it is filled in."""

    use_fieldset = False

    def __init__(self) -> None:
        new = AdminTextInputWidget(attrs={"placeholder": "or a new group", "aria-label": "A new group"})
        super().__init__({"": forms.Select(attrs={"aria-label": "Group"}), "new": new})

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        choice: Any = self.widgets[0]
        choice.choices = [("", "Choose a group"), *((group, group) for group in self._groups())]
        return super().get_context(name, value, {**(attrs or {}), "maxlength": False, "required": False})

    def render(self, *args: Any, **kwargs: Any) -> Any:
        return format_html('<span class="group-choice">{}</span>', super().render(*args, **kwargs))

    def decompress(self, value: str | None) -> list[str]:
        is_new = bool(value) and value not in self._groups()
        return ["", value or ""] if is_new else [value or "", ""]

    def _groups(self) -> list[str]:
        groups = Topic.objects.exclude(group="").order_by("group").values_list("group", flat=True)
        return list(groups.distinct())

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        chosen, new = super().value_from_datadict(data, files, name)
        return (new or "").strip() or chosen or ""

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0" if id_ else ""


class TopicForm(forms.ModelForm[Topic]):
    phrases = LinesField(
        required=False,
        help_text="Write one on each line, such as: reward model. A paper with any of them matches.",
        show_hidden_initial=True,
    )
    exclusions = LinesField(
        required=False,
        help_text="Write one on each line. A paper with any of them never matches.",
        show_hidden_initial=True,
    )
    categories = LinesField(
        required=False,
        help_text="Write one on each line, such as hep-th. Papers that a source files under one of these are on the "
        "topic.",
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        show_hidden_initial=True,
    )
    narrower = NarrowerTopicsField(required=False, label="Narrower topics", show_hidden_initial=True)

    class Meta:
        help_texts = {
            "slug": "The topic’s name in addresses, such as /topics/reward-models/.",
            "description": "One line that readers see below the name.",
            "is_offered": "Readers can choose it. Those who follow it keep it if you untick this.",
            "position": "Its place among the topics: lower numbers come first.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "narrower" in self.fields:  # view-only users have no such field
            choices: Any = self.fields["narrower"]
            choices.queryset = choices.queryset.exclude(pk=self.instance.pk)

    def clean_group(self) -> str:
        """Return the group as it is spelled already, however the letters are cased."""
        group: str = self.cleaned_data["group"].strip()
        return Topic.objects.filter(group__iexact=group).values_list("group", flat=True).first() or group

    def clean_phrases(self) -> list[str]:
        return check_phrases(self.cleaned_data["phrases"])

    def clean_categories(self) -> list[str]:
        return check_phrases(self.cleaned_data["categories"])

    def clean_exclusions(self) -> list[str]:
        return check_phrases(self.cleaned_data["exclusions"])


def check_phrases(lines: list[str]) -> list[str]:
    """Return the phrases without repeated ones. Raise ValidationError, which names the lines to correct."""
    kept: dict[str, str] = {}
    for line in lines:
        kept.setdefault(" ".join(line.split()).casefold(), line)
    phrases = list(kept.values())
    problems = [f"“{phrase[:60]}” {problem}" for phrase in phrases if (problem := _problem_with(phrase))]
    if problems:
        raise forms.ValidationError(problems)
    return phrases


def _problem_with(phrase: str) -> str:
    if phrase[0] in "[\"'“" or phrase[-1] in "],":
        return "has brackets, quotes or commas around it. Write one phrase per line, without them."
    if len(phrase) > LONGEST_PHRASE:
        return f"is longer than {LONGEST_PHRASE} characters, and no paper would contain it."
    if not any(letter.isalnum() for letter in phrase):
        return "has no word in it."
    return ""


class Breadth(admin.SimpleListFilter):
    title = "breadth"
    parameter_name = "breadth"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("broader", "Broader: includes other topics"), ("narrow", "Narrow: includes none")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Topic]) -> QuerySet[Topic]:
        wanted = {"broader": queryset.exclude(narrower=[]), "narrow": queryset.filter(narrower=[])}
        return wanted.get(self.value() or "", queryset)


class Relatives:
    """The topics by slug, to look up which includes which."""

    def __init__(self) -> None:
        self._topics = {topic.slug: topic for topic in Topic.objects.defer("phrases", "exclusions")}

    def narrower(self, topic: Topic) -> list[Topic]:
        return [self._topics[slug] for slug in topic.narrower if slug in self._topics]

    def broader(self, topic: Topic) -> list[Topic]:
        return [wide for wide in self._topics.values() if topic.slug in wide.narrower]


class TopicList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        relatives, readers = Relatives(), _all_readers()  # once for all rows
        for topic in self.result_list:
            topic.relatives, topic.readers = relatives, readers


class TopicAdmin(DeletesTopics, SavesChangesAdmin, admin.ModelAdmin[Topic]):
    """The page of a topic. The digest app registers it, with a preview of what it finds."""

    form = TopicForm
    list_display = ["name", "readers", "about", "group", "offered"]
    ordering = ["-is_offered", "position", "name"]  # retired topics last
    list_filter = [Breadth, ("catalogue", admin.AllValuesFieldListFilter), "group", "is_offered"]
    show_facets = admin.ShowFacets.NEVER  # a query for each value of each filter
    search_fields = ["name", "slug", "description", "phrases"]
    search_help_text = "A name, or a phrase that finds papers."
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["followed"]
    list_per_page = 50
    fieldsets = [
        (None, {"fields": ["name", "slug", "group", "description", "is_offered", "position", "followed"]}),
        ("Matching papers", {"fields": ["phrases", "exclusions", "categories"]}),
        ("Broader topic", {"fields": ["narrower"], "description": BROADER}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Topic | None = None) -> Any:
        """Return the fields. Those of a broader topic begin with the topics that it includes."""
        about, matching, narrower = super().get_fieldsets(request, obj)
        is_broad = obj is not None and (obj.narrower or obj.name == obj.group)
        return [about, narrower, matching] if is_broad else [about, matching, narrower]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TopicList

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "group":
            kwargs["widget"] = GroupWidget()
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        last = Topic.objects.aggregate(last=Max("position"))["last"]
        return {"position": 0 if last is None else last + 1} | super().get_changeform_initial_data(request)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        areas.refresh()

    def delete_model(self, request: HttpRequest, obj: Topic) -> None:
        super().delete_model(request, obj)
        areas.refresh()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Topic]) -> None:
        super().delete_queryset(request, queryset)
        areas.refresh()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Topic]:
        topics = super().get_queryset(request)
        return topics.annotate(by_readers=_by_readers()) if "o" in request.GET else topics

    @admin.display(ordering="by_readers", description="readers")
    def readers(self, topic: Any) -> str:
        return _linked(topic, topic.readers)

    @admin.display(description="description")
    def about(self, topic: Any) -> str:
        """Return the description, the topics included, and the broader topics other than its area."""
        narrower = [other.name for other in topic.relatives.narrower(topic)]
        broader = [
            f"{wide.name} ({_in_words(topic.readers[wide.pk])})"
            for wide in topic.relatives.broader(topic)
            if wide.name != topic.group and (topic.readers[wide.pk] or wide.is_offered)
        ]
        names = f"{', '.join(narrower[:NAMED])}{f' and {len(narrower) - NAMED} more' if narrower[NAMED:] else ''}"
        lines = [(f"Includes {names}.",)] if narrower else []
        lines += [(f"Part of {', '.join(broader)}.",)] if broader else []
        return format_html("{}{}", topic.description, format_html_join("", "<p>{}</p>", lines))

    @admin.display(ordering="is_offered", description="status")
    def offered(self, topic: Topic) -> str:
        return pill("offered" if topic.is_offered else "not offered")

    @admin.display(description="readers")
    def followed(self, topic: Any) -> str:
        """Return how many readers follow it, directly and through broader topics."""
        if not topic.pk:
            return "None yet."
        page, broader = "admin:subscriptions_topic_change", Relatives().broader(topic)
        readers = _readers(topic, *broader)
        wide = [(_linked(one, readers), reverse(page, args=[one.pk]), one) for one in broader]
        more = format_html_join("", '<li>{} by <a href="{}">{}</a>, which includes it.</li>', wide)
        itself = _linked(topic, readers)
        return format_html("<ul><li>{} directly.</li>{}</ul>", itself, more) if wide else itself


def _readers(*topics: Topic) -> Counter[int]:
    """Return how many subscribed readers follow each of `topics`, or of all topics, by primary key."""
    counts = FOLLOWED.filter(topic__in=topics) if topics else FOLLOWED.exclude(topic=None)
    return Counter(dict(counts.values_list("topic").annotate(Count("pk"))))


def _all_readers() -> Counter[int]:
    """Return how many subscribed readers follow each topic. With a million readers, the count is some minutes old."""
    return remembered("readers of each topic", _readers)


def _by_readers() -> Case:
    """Return these counts for sorting: a query that counts and sorts at once takes several times as long."""
    return Case(*(When(pk=pk, then=Value(count)) for pk, count in _all_readers().items()), default=Value(0))


def _in_words(number: int) -> str:
    return "1 reader" if number == 1 else f"{number} readers"


def _linked(topic: Topic, readers: Counter[int]) -> str:
    """Return how many readers follow it, as a link to them."""
    address = reverse("admin:subscriptions_subscriber_changelist")
    wanted = f"filters__topic__id__exact={topic.pk}&status__in={','.join(Subscriber.SUBSCRIBED)}"
    return format_html('<a href="{}?{}">{}</a>', address, wanted, readers[topic.pk]) if readers[topic.pk] else "0"
