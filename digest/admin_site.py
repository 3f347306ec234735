"""The admin, with an overview on its first page."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse

from digest import clock
from digest.keeping.outlook import outlook
from digest.operating.overview import overview


class PapersAdminSite(AdminSite):
    site_header = "Daily Papers"
    site_title = "Daily Papers"
    index_title = "Today"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        now = clock.now()
        shown = {"overview": overview(now=now), "outlook": outlook(now=now)}
        return super().index(request, (extra_context or {}) | shown)
