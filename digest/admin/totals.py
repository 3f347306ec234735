"""Deliverability: each day's totals, with the rates of the last days above them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from digest import clock
from digest.models import Allowance, DailyTotal
from digest.ops import reputation, trend_charts
from digest.ops.sending_status import sending_status
from subscriptions.admin.base import ReadOnlyAdmin
from subscriptions.slow_counts import remembered


@admin.register(DailyTotal)
class DailyTotalAdmin(ReadOnlyAdmin, admin.ModelAdmin[DailyTotal]):
    empty_text = "No totals yet. Each day is counted when it is over."
    change_list_template = "admin/digest/dailytotal/change_list.html"
    list_display = ["day", "kind", "what", "number", "edition"]
    list_filter = ["kind", "what", "day"]
    date_hierarchy = "day"
    list_max_show_all = 100  # more take too long
    list_select_related = ["edition"]
    show_full_result_count = False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        now = clock.now()
        linked = {
            str(model._meta.model_name)
            for model, page in self.admin_site._registry.items()
            if page.has_view_permission(request)
        }
        by_day = trend_charts.emails_by_day(now=now, linked=linked)
        charts = [by_day.only("Sent", "Sent"), by_day.only("Problems", "Failed", "Bounced", "Complaints")]
        shown = {
            "outlook": sending_status(now=now),
            "domains": remembered("problems by domain", lambda: reputation.problems_by_domain(now=now)),
            "by_day": by_day,
            "charts": [chart for chart in charts if chart.has_enough],
        }
        context = (extra_context or {}) | shown
        return super().changelist_view(request, context)


@admin.register(Allowance)
class AllowanceAdmin(ReadOnlyAdmin, admin.ModelAdmin[Allowance]):
    list_display = ["name", "level", "at"]
    search_fields = ["name"]
    ordering = ["name"]
