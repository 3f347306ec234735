"""Readers, topics and suppressions in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from subscriptions import subscribers
from subscriptions.models import Subscriber, Suppression, Topic, TopicFilter


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin[Topic]):
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


class TopicFilterInline(admin.TabularInline[TopicFilter, Subscriber]):
    model = TopicFilter
    extra = 0


@admin.register(Subscriber)
class SubscriberAdmin(admin.ModelAdmin[Subscriber]):
    list_display = ["email", "status", "frequency", "send_hour", "time_zone", "created_at", "confirmed_at"]
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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # readers sign up themselves: an address typed here would skip the double opt-in

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # Deliveries are a log that nobody may delete; with the reader who asks to be forgotten they go all the same.
        rows, counts, _, protected = super().get_deleted_objects(objs, request)
        return rows, counts, set(), protected

    @admin.action(description="Unsubscribe the selected readers")
    def unsubscribe(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> None:
        for subscriber in queryset:
            subscribers.unsubscribe(subscriber, now=timezone.now())
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
