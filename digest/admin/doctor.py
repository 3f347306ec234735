"""The page “Health check”, which shows what `manage.py doctor` prints."""

from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from digest.admin_navigation import HEALTH
from digest.ops.health import doctor
from digest.ops.health.doctor import State

WORST_FIRST = (State.FAILED, State.WARNING, State.OK, State.UNKNOWN)


class DoctorPage:
    """The page, at one admin site."""

    def __init__(self, site: AdminSite) -> None:
        self.site = site

    def urls(self) -> list[URLPattern]:
        return [path("doctor/", self.site.admin_view(self.show), name="doctor")]

    def show(self, request: HttpRequest) -> HttpResponse:
        """Show the findings to staff who may view incidents. DNS takes seconds, so it is asked for by `?dns=1`."""
        if not request.user.has_perm("digest.view_incident"):
            raise PermissionDenied
        with_dns = request.GET.get("dns") == "1"
        findings = list(doctor.examine(with_dns=with_dns))
        states = doctor.count(findings)
        context: dict[str, Any] = self.site.each_context(request) | {
            "title": HEALTH,
            "findings": sorted(findings, key=lambda finding: WORST_FIRST.index(finding.state)),
            "failed": states[State.FAILED],
            "warnings": states[State.WARNING],
            "with_dns": with_dns,
        }
        return TemplateResponse(request, "admin/doctor.html", context)
