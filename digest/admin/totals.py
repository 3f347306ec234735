"""Deliverability: each day's totals, with the last seven days above them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from digest import clock
from digest.models import Allowance, DailyTotal
from digest.ops import reputation
from digest.ops.sending_status import sending_status
from subscriptions.admin.base import ReadOnlyAdmin


@admin.register(DailyTotal)
class DailyTotalAdmin(ReadOnlyAdmin, admin.ModelAdmin[DailyTotal]):
    empty_text = "No totals yet. Each day is counted when it is over."
    change_list_template = "admin/digest/dailytotal/change_list.html"
    list_display = ["day", "kind", "what", "number", "edition"]
    list_filter = ["kind", "what", "day"]
    date_hierarchy = "day"
    list_select_related = ["edition"]
    show_full_result_count = False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        now = clock.now()
        week = {"outlook": sending_status(now=now), "domains": reputation.problems_by_domain(now=now)}
        context = (extra_context or {}) | week
        return super().changelist_view(request, context)


@admin.register(Allowance)
class AllowanceAdmin(ReadOnlyAdmin, admin.ModelAdmin[Allowance]):
    list_display = ["name", "level", "at"]
    search_fields = ["name"]
    ordering = ["name"]
