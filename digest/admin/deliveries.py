"""What became of each mail."""

import datetime as dt

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from digest import clock
from digest.admin.base import ReadOnlyAdmin, outcome_of
from digest.delivery import shards
from digest.models import Delivery, DeliveryEvent, Shard

BAD = (Delivery.Status.FAILED, Delivery.Status.UNCERTAIN)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin, admin.ModelAdmin[Delivery]):
    list_display = ["subscriber", "day", "outcome", "sent_at", "queued_at"]
    list_filter = ["status", "edition", "queued_at"]
    search_fields = ["subscriber__email", "reason", "provider_id"]
    date_hierarchy = "queued_at"
    list_select_related = ["edition", "subscriber"]
    show_full_result_count = False
    actions = ["try_failed_again", "send_uncertain_again", "leave_uncertain"]

    @admin.display(ordering="edition__day", description="edition")
    def day(self, delivery: Delivery) -> dt.date:
        return delivery.edition.day

    @admin.display(ordering="status")
    def outcome(self, delivery: Delivery) -> str:
        tries = f", {delivery.attempts} tries" if delivery.attempts > 1 else ""
        return outcome_of(f"{delivery.status}{tries}", delivery.reason, is_bad=delivery.status in BAD)

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("digest.change_delivery")

    @admin.action(description="Try the failed ones again", permissions=["requeue"])
    def try_failed_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self._requeue(request, queryset, Delivery.Status.FAILED)

    @admin.action(description="Send the uncertain ones again (they may come twice)", permissions=["requeue"])
    def send_uncertain_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self._requeue(request, queryset, Delivery.Status.UNCERTAIN)

    @admin.action(description="Leave the uncertain ones as they are", permissions=["requeue"])
    def leave_uncertain(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        left = shards.leave_uncertain(queryset)
        self.message_user(request, f"{left} left as they are; they are not told of any more.")

    def _requeue(self, request: HttpRequest, queryset: QuerySet[Delivery], status: str) -> None:
        chosen = queryset.count()
        done = shards.queue_again(queryset.filter(status=status), now=clock.now())
        self.message_user(request, f"{done} queued again. {chosen - done} left alone: not {status}.")


@admin.register(DeliveryEvent)
class DeliveryEventAdmin(ReadOnlyAdmin, admin.ModelAdmin[DeliveryEvent]):
    list_display = ["event_type", "meaning", "happened_at", "delivery", "detail"]
    list_filter = ["event_type", "meaning", "happened_at"]
    show_full_result_count = False
    search_fields = ["delivery__subscriber__email", "detail"]
    date_hierarchy = "happened_at"
    list_select_related = ["delivery"]


@admin.register(Shard)
class ShardAdmin(ReadOnlyAdmin, admin.ModelAdmin[Shard]):
    list_display = ["edition", "first", "last", "size", "worker", "lease_until", "not_before", "crashes", "done_at"]
    list_filter = [("done_at", admin.EmptyFieldListFilter), "edition"]
    search_fields = ["worker"]
    list_select_related = ["edition"]
    show_full_result_count = False
