"""Readers, topics and suppressions in the admin."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from subscriptions import personal_data, subscribers, zones
from subscriptions.consents import Trace
from subscriptions.lines import LinesField
from subscriptions.models import (
    Consent,
    ConsentText,
    Farewell,
    FormPost,
    Mark,
    OwedNotice,
    Subscriber,
    Suppression,
    Topic,
    TopicFilter,
)

BY_ADMIN = Trace(where="admin")


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


class SubscriberForm(forms.ModelForm[Subscriber]):
    class Meta:
        widgets = {
            "time_zone": forms.Select(choices=[(zone, zone) for zone in zones.time_zones()]),
            "language": forms.Select(choices=settings.LANGUAGES),
        }


class TopicFilterInline(admin.TabularInline[TopicFilter, Subscriber]):
    model = TopicFilter
    extra = 0


@admin.register(Subscriber)
class SubscriberAdmin(admin.ModelAdmin[Subscriber]):
    form = SubscriberForm
    list_display = ["email", "state", "how_often", "at", "created_at", "confirmed_at"]
    list_filter = ["status", "frequency", "created_at", ("filters__topic", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["email", "uid", "filters__words"]
    date_hierarchy = "created_at"
    # The address too: another one has not been confirmed by anybody.
    readonly_fields = [
        "email",
        "new_email",
        "uid",
        "status",
        "created_at",
        "confirmed_at",
        "active_since",
        "paused_until",
        "unsubscribed_at",
    ]
    inlines = [TopicFilterInline]
    actions = ["unsubscribe", "suppress"]
    show_full_result_count = False  # counting all readers at every click is what large lists die of

    @admin.display(ordering="status", description="status")
    def state(self, subscriber: Subscriber) -> str:
        return subscriber.status

    @admin.display(ordering="frequency", description="mails")
    def how_often(self, subscriber: Subscriber) -> str:
        return subscriber.frequency

    @admin.display(ordering="send_hour")
    def at(self, subscriber: Subscriber) -> str:
        return f"{subscriber.send_hour}:00 {subscriber.time_zone}"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # readers sign up themselves: an address typed here would skip the double opt-in

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # Deliveries are a log that nobody may delete; with the reader who asks to be forgotten they go all the same.
        rows, counts, _, protected = super().get_deleted_objects(objs, request)
        return rows, counts, set(), protected

    def delete_model(self, request: HttpRequest, obj: Subscriber) -> None:
        personal_data.erase(obj, BY_ADMIN)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> None:
        for subscriber in queryset:
            personal_data.erase(subscriber, BY_ADMIN)

    @admin.action(description="Unsubscribe the selected readers")
    def unsubscribe(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> None:
        for subscriber in queryset:
            subscribers.unsubscribe(subscriber, now=timezone.now(), trace=BY_ADMIN)
        self.message_user(request, f"{len(queryset)} unsubscribed: they get no more mail, from now on.")

    @admin.action(description="Suppress the addresses: never mail them again")
    def suppress(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> None:
        for subscriber in queryset:
            subscribers.suppress(subscriber.email, Suppression.Reason.ADMIN)
        self.message_user(request, f"{len(queryset)} suppressed.")


@admin.register(TopicFilter)
class TopicFilterAdmin(admin.ModelAdmin[TopicFilter]):
    list_display = ["subscriber", "topic", "words"]
    list_filter = [("topic", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["subscriber__email", "words", "topic__name"]
    autocomplete_fields = ["subscriber", "topic"]
    list_select_related = ["subscriber", "topic"]


@admin.register(Suppression)
class SuppressionAdmin(admin.ModelAdmin[Suppression]):
    list_display = ["address_hash", "reason", "created_at"]
    list_filter = ["reason", "created_at"]
    search_fields = ["address_hash"]
    readonly_fields = ["address_hash", "created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class LogAdmin(admin.ModelAdmin[Any]):
    """To be read, and not to be written by hand."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Consent)
class ConsentAdmin(LogAdmin):
    list_display = ["happened_at", "event", "reader_uid", "where", "text_version", "ip"]
    list_filter = ["event", "happened_at"]
    search_fields = ["reader_uid", "address_hash", "text_version"]
    search_help_text = "A reader’s uid, or an e-mail address."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if "@" in search_term:  # the log has hashes alone, and they are of whole addresses
            return queryset.filter(address_hash=subscribers.address_hash(search_term)), False
        return super().get_search_results(request, queryset, search_term)


@admin.register(ConsentText)
class ConsentTextAdmin(LogAdmin):
    list_display = ["version", "language", "text", "first_used_at"]
    search_fields = ["version", "text"]


@admin.register(Farewell)
class FarewellAdmin(LogAdmin):
    list_display = ["day", "reason", "remark"]
    list_filter = ["reason", "day"]
    search_fields = ["remark"]


@admin.register(OwedNotice)
class OwedNoticeAdmin(LogAdmin):
    """What has yet to leave: usually nothing."""

    list_display = ["asked_at", "kind", "subscriber", "to", "claimed_at"]
    list_filter = ["kind"]
    search_fields = ["subscriber__email", "to"]
    list_select_related = ["subscriber"]


@admin.register(FormPost)
class FormPostAdmin(LogAdmin):
    """What waits for its turn: usually nothing."""

    list_display = ["posted_at", "kind", "email"]
    list_filter = ["kind"]
    search_fields = ["email"]


@admin.register(Mark)
class MarkAdmin(LogAdmin):
    list_display = ["made_at", "key"]
    search_fields = ["key"]
