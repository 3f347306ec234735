"""The list and the form of readers: columns, filters, fields, and what each reader follows.

`digest.admin.reader_pages` extends it by actions, exports, and pages about a reader's digests.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AdminTextareaWidget
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils.html import format_html

from subscriptions import audit, time_zones
from subscriptions.admin.access_log import LogsOpeningAdmin, LogsSearchesAdmin
from subscriptions.admin.base import (
    LooksAtRelatedAdmin,
    NamesReaderAdmin,
    OwnsALogAdmin,
    RowForm,
    RowFormSet,
    SavesChangesAdmin,
    SuppressesAdmin,
    TellsChangesAdmin,
    breakable,
)
from subscriptions.admin.filters import FollowedTopicFilter, SelectOfUsedFilter, dates, titled
from subscriptions.admin.large_tables import FOUND, FindsReadersAdmin, IndexedList, find_filters_by_words
from subscriptions.admin.long_select import LongSelect
from subscriptions.models import Subscriber, Topic, TopicFilter
from subscriptions.models.readers import time_of
from subscriptions.pills import pill
from subscriptions.query import validation
from subscriptions.query.grammar import FilterError
from subscriptions.readers.preferences import SWITCHES

NAMED = 2  # of what a reader follows, in the list
OWN_WORDS = "own words"
DATES = ("created_at", "confirmed_at", "active_since", "unsubscribed_at")


class SubscriberForm(forms.ModelForm[Subscriber]):
    class Meta:
        widgets = {
            "send_hour": forms.Select(choices=[(hour, time_of(hour)) for hour in range(24)]),
            "time_zone": LongSelect(choices=[(zone, zone) for zone in time_zones.time_zones()]),
            "language": forms.Select(choices=settings.LANGUAGES),
        }
        # As readers see them in their settings.
        labels = {
            "frequency": "How often",
            "send_hour": "Delivery time",
            "amount": "How strict?",
            "language": "Email language",
            **{switch.name: switch.label for switch in SWITCHES},
        }
        help_texts = {"send_hour": ""}


class TopicFilterForm(forms.ModelForm[TopicFilter]):
    def clean_words(self) -> str:
        words: str = self.cleaned_data["words"]
        try:
            validation.read_again(words, self.initial.get("words", ""))
        except FilterError as error:
            raise forms.ValidationError(str(error)) from error
        return words


class TopicFilterRow(TopicFilterForm, RowForm):
    """A topic or own words. A style hides the box of the other one, unless both are empty or both are filled."""

    class Meta:
        widgets = {"words": AdminTextareaWidget({"rows": 2, "placeholder": "Words, phrases, author:Name …"})}


class TopicFilterInline(LooksAtRelatedAdmin, TellsChangesAdmin, admin.TabularInline[TopicFilter, Subscriber]):
    model = TopicFilter
    form = TopicFilterRow
    formset = RowFormSet  # type: ignore[assignment]  # a formset for any model
    verbose_name = "topic or words"  # of one row, for the button that adds one
    verbose_name_plural = "follows"
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[TopicFilter]:
        return super().get_queryset(request).select_related("topic")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field. Topics are read once for all rows, not again for each."""
        if db_field.name != "topic":
            return super().formfield_for_foreignkey(db_field, request, **kwargs)
        field: Any = super().formfield_for_foreignkey(db_field, request, **{"widget": LongSelect} | kwargs)
        field.queryset = field.queryset.only("name")
        topics = field.choices
        field.choices = cache(lambda: list(iter(topics)))  # list(topics) would count them first
        return field


class ReaderList(IndexedList):
    """The list of readers, with what each one on the page follows, read at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        followed = _followed([reader.pk for reader in self.result_list])
        for reader in self.result_list:
            reader.followed = followed[reader.pk]


def _followed(readers: list[int]) -> dict[int, list[str]]:
    """Return the topics that each reader follows, and “own words”, which may be personal, at their end."""
    topics: dict[int, list[str]] = {pk: [] for pk in readers}
    words: dict[int, list[str]] = {pk: [] for pk in readers}
    follows = TopicFilter.objects.filter(subscriber__in=readers).order_by("pk")
    for pk, topic in follows.values_list("subscriber", "topic__name"):
        if topic:
            topics[pk].append(topic)
        else:
            words[pk] = [OWN_WORDS]
    return {pk: topics[pk] + words[pk] for pk in readers}


class SubscriberAdmin(
    LogsSearchesAdmin,
    LogsOpeningAdmin,
    OwnsALogAdmin,
    SuppressesAdmin,
    SavesChangesAdmin,
    FindsReadersAdmin,
    admin.ModelAdmin[Subscriber],
):
    """The page of a reader. The digest app registers it, with actions and pages about their digests."""

    empty_text = "No readers yet. They sign up on the site, and confirm by the link in an email."
    form = SubscriberForm
    list_display = ["address", "state", "follows", "how_often", "signed_up"]
    list_filter = [
        "status",
        ("frequency", titled(admin.ChoicesFieldListFilter, "how often")),
        ("created_at", dates("signed up")),
        ("filters__topic", FollowedTopicFilter),
    ]
    search_fields = ["email", "uid", "filters__words"]
    search_help_text = "An email address, or a reader’s own words."
    list_per_page = 50
    sortable_by = ["address", "signed_up"]
    # The address too: a new one would not be confirmed.
    readonly_fields = [
        "email",
        "new_email",
        "uid",
        "state",
        "created_at",
        "confirmed_at",
        "active_since",
        "paused_until",
        "unsubscribed_at",
    ]
    fieldsets = [
        (None, {"fields": [("email", "new_email")]}),
        ("Schedule", {"fields": [("frequency", "send_hour", "time_zone")]}),
        ("Content", {"fields": [("max_papers", "amount", "language"), tuple(switch.name for switch in SWITCHES)]}),
        (
            "Dates",
            {
                "fields": [("created_at", "confirmed_at", "active_since", "unsubscribed_at"), "uid"],
                "classes": ["collapse"],
            },
        ),
    ]
    inlines = [TopicFilterInline]

    @admin.display(ordering=Lower("email"), description="email address")
    def address(self, subscriber: Subscriber) -> str:
        return breakable(subscriber.email)

    @admin.display(ordering="status", description="status")
    def state(self, subscriber: Subscriber) -> str:
        return pill(subscriber.status)

    @admin.display(description="follows")
    def follows(self, subscriber: Any) -> str:
        """Return the first things that the reader follows, and how many more there are."""
        names: list[str] = subscriber.followed
        return f"{', '.join(names[:NAMED])}{f' and {len(names) - NAMED} more' if names[NAMED:] else ''}" or "top-voted"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ReaderList

    @admin.display(ordering="frequency", description="how often")
    def how_often(self, subscriber: Subscriber) -> str:
        """Return the frequency, the time and the city of the time zone. Its continent would only take room."""
        place = subscriber.time_zone.rpartition("/")[2].replace("_", " ")
        shown = subscriber.frequency.capitalize(), subscriber.time_zone, subscriber.send_time, place
        return format_html('{}<p title="{}">{} {}</p>', *shown)

    @admin.display(ordering="pk", description="signed up")
    def signed_up(self, subscriber: Subscriber) -> dt.date:
        return subscriber.created_at.date()

    def get_fieldsets(self, request: HttpRequest, obj: Subscriber | None = None) -> Any:
        """Return the fields. The addresses are shown while a change waits for its confirmation."""
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj and obj.new_email else fieldsets[1:]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        heading = {"heading": breakable(kwargs["obj"].email)} if kwargs.get("obj") else {}
        return super().render_change_form(request, context | heading, *args, **kwargs)

    def search(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find readers by address, uid, or a part of their own words: each by itself, because indexes need that."""
        with suppress(ValueError):
            return queryset.filter(uid=uuid.UUID(term))
        found = self.find_readers(request, term)
        if not (found and "@" in term) and len(found) < FOUND:
            found += find_filters_by_words(term).values_list("subscriber", flat=True)[: FOUND - len(found)]
        return queryset.filter(pk__in=found)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # an address typed here would skip the double opt-in

    def log_change(self, request: HttpRequest, obj: Subscriber, message: Any) -> Any:
        audit.record_rows(by=request.user, rows=[obj], message=_without_words(message), flag=CHANGE)


@admin.register(TopicFilter)
class TopicFilterAdmin(
    NamesReaderAdmin, LooksAtRelatedAdmin, SavesChangesAdmin, FindsReadersAdmin, admin.ModelAdmin[TopicFilter]
):
    """A list of filters. The log leaves out their words, which would outlive the reader's erasure."""

    form = TopicFilterForm
    list_display = ["reader", "topic", "words"]
    list_filter = [("topic", SelectOfUsedFilter)]
    search_fields = ["subscriber__email", "words", "topic__name"]
    autocomplete_fields = ["subscriber", "topic"]
    list_select_related = ["subscriber", "topic"]
    list_per_page = 50

    def search(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find filters by address, own words or topic: each by itself, because indexes need that."""
        topics = list(Topic.objects.filter(name__icontains=term).values_list("pk", flat=True))
        theirs = TopicFilter.objects.filter(subscriber__in=self.find_readers(request, term)).order_by()
        found = {*theirs.values_list("pk", flat=True)[:FOUND]}
        found.update(find_filters_by_words(term).values_list("pk", flat=True)[:FOUND])
        return queryset.filter(Q(topic__in=topics) | Q(pk__in=found) if topics else Q(pk__in=found))

    def log_addition(self, request: HttpRequest, obj: TopicFilter, message: Any) -> Any:
        super().log_addition(request, obj, message)
        _hide_words([obj])

    def log_change(self, request: HttpRequest, obj: TopicFilter, message: Any) -> Any:
        super().log_change(request, obj, message)
        _hide_words([obj])

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        super().log_deletions(request, queryset)
        _hide_words(queryset)


def _without_words(message: Any) -> Any:
    """Return the description of a change without the names of filters, which may be the reader's own words."""
    if not isinstance(message, list):
        return message
    return [{verb: _anonymous(what) for verb, what in part.items()} for part in message]


def _anonymous(what: dict[str, Any]) -> dict[str, Any]:
    return what | {"object": "of the reader"} if "object" in what else what


def _hide_words(filters: Iterable[TopicFilter]) -> None:
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(TopicFilter))
    entries.filter(object_id__in=[str(row.pk) for row in filters]).update(object_repr="a reader’s filter")
