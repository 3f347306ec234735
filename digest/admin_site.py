"""The admin site: a dashboard on its first page, and the models grouped by task."""

import errno
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Field
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from digest import admin_navigation, admin_requests, clock
from digest.models import Installation
from digest.ops import trend_charts
from digest.ops.dashboard import make_dashboard
from digest.ops.health import doctor, incidents
from digest.ops.sending_status import sending_status
from digest.ops.staff import logins
from subscriptions import brand


class Autocompletion(AutocompleteJsonView):
    """The rows that an autocomplete box offers."""

    def process_request(self, request: HttpRequest) -> Any:
        term, page, field, to_field = super().process_request(request)
        if not isinstance(field, Field):  # it is the reference of another table, and has no box
            raise PermissionDenied
        return term, page, field, to_field


class PapersAdminSite(AdminSite):
    site_title = "Admin"
    index_title = "Today"
    empty_value_display = "–"
    login_form = logins.LoginForm

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return the context of all pages, with the newsletter's name and the software's version."""
        return super().each_context(request) | {
            "site_header": brand.current().name,
            "version": settings.VERSION,
        }

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Log in by password, and lead to the second factor if the account has one or needs one."""
        from digest.admin import account  # which registers pages at this site, so it is loaded later

        if request.method != "POST" and (step := account.after_password(request)):
            return step
        response = super().login(request, extra_context)
        if request.method == "POST" and request.user.is_authenticated:
            if step := account.after_password(request):
                return step
            logins.remember_device(request, response)
        return response

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Wrap a view: it answers 404 or 400 to what no page sends, where Django answers 500."""
        protected = super().admin_view(view, cacheable)
        page = getattr(view, "__self__", None)

        @wraps(protected)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if "\0" in request.path:
                raise Http404("No address has a null character")
            if isinstance(page, ModelAdmin) and self.has_permission(request):
                admin_requests.check(page, request, is_list=view.__name__ == "changelist_view")
            try:
                return protected(request, *args, **kwargs)
            except OverflowError as error:  # by a year of a date filter, for example
                raise BadRequest("A number is too large") from error
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG:  # of a time zone, because Python opens a file with its name
                    raise
                raise BadRequest("A name is too long") from error

        return checked

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = Autocompletion.as_view(admin_site=self)(request)  # type: ignore[assignment]
        return answer

    def get_urls(self) -> list[Any]:
        from digest.admin import account
        from digest.admin.doctor import DoctorPage

        # Without Django's redirect from any row to its page on the site: no model of ours has an address there.
        own = [pattern for pattern in super().get_urls() if getattr(pattern, "name", "") != "view_on_site"]
        return [*account.AccountPages(self).urls(), *DoctorPage(self).urls(), *own]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the models of one app if `app_label` is given, else all that the user may see, in groups."""
        apps = super().get_app_list(request, app_label)
        return apps if app_label else admin_navigation.by_groups([model for app in apps for model in app["models"]])

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show the dashboard. Each part is shown only to staff who may view the models it is about."""
        now = clock.now()
        may = {
            str(model._meta.model_name) for model, page in self._registry.items() if page.has_view_permission(request)
        }
        overview, span = make_dashboard(now=now), request.GET.get("range", "")
        span = span if span in trend_charts.RANGES else next(iter(trend_charts.RANGES))
        every = trend_charts.charts(now=now, span=span, readers=overview.subscribed, linked=may)
        charts = [chart for chart in every if chart.model in may]
        moves = next((chart for chart in charts if chart.title == trend_charts.MOVES), None)
        shown = {
            "overview": overview,
            "incidents": incidents.cached_open(),
            "health": doctor.cached_counts() if "incident" in may else {},
            "outlook": sending_status(now=now),
            "charts": charts,
            "moves": moves.totals if moves else [],
            "sparse_charts": [chart.title for chart in charts if not chart.has_enough],
            "ranges": trend_charts.RANGES,
            "span": span,
            "range_name": trend_charts.RANGES[span],
            "is_behind": overview.pause is not None and Installation.objects.exclude(behind_since=None).exists(),
            "may": may,
        }
        return super().index(request, (extra_context or {}) | shown)
