"""Background jobs: their progress, their reports, and the buttons that cancel or resume them."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from digest.email.formatting import count
from digest.models import Job
from digest.ops.jobs import registry, runner
from subscriptions.admin.base import ReadOnlyAdmin
from subscriptions.pills import pill


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin, admin.ModelAdmin[Job]):
    empty_text = "No jobs yet. An action on many rows, such as suppressing thousands of readers, becomes a job."
    list_display = ["label", "outcome", "progress", "created_by", "created_at", "ended_at"]
    list_display_links = ["label"]
    list_filter = ["state", "created_at"]
    search_fields = ["kind", "created_by"]
    show_full_result_count = False

    class Media:
        js = ["admin-jobs.js"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("arguments")  # the ids of the rows may be long

    @admin.display(ordering="kind", description="job")
    def label(self, job: Job) -> str:
        return registry.label_of(job.kind)

    @admin.display(ordering="state", description="state")
    def outcome(self, job: Job) -> str:
        return pill(job.state, "cancelling" if job.cancel_requested and not job.is_over else job.state)

    @admin.display(description="progress")
    def progress(self, job: Job) -> str:
        skipped = sum(job.skipped.values())
        text = f"{job.done:,} done" + (f", {skipped:,} skipped" if skipped else "")
        return text if job.total is None else f"{text}, of {job.total:,}"

    def get_urls(self) -> list[URLPattern]:
        views = {"cancel": self.cancel_view, "resume": self.resume_view}
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(require_POST(view)), name=f"digest_job_{name}")
            for name, view in views.items()
        ]
        return own + super().get_urls()

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        job: Job = kwargs["obj"]
        context |= {
            "heading": registry.label_of(job.kind),
            "crumb": registry.label_of(job.kind),
            "job": job,
            "may_steer": _may_steer(request, job),
        }
        context["may_resume"] = _may_resume(request, job)
        return super().render_change_form(request, context, *args, **kwargs)

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """End the job before its next step."""
        job = _job_to_steer(request, pk)
        if runner.cancel(job, by=request.user.get_username()):
            messages.success(request, "The job ends before its next step. The steps already done are kept.")
        else:
            messages.warning(request, "The job had already ended, so nothing was cancelled.")
        return _to(job)

    def resume_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Continue a failed or cancelled job where it ended."""
        job = _job_to_steer(request, pk)
        if not _may_resume(request, job):
            raise PermissionDenied
        if runner.resume(job, by=request.user.get_username()):
            messages.success(request, "The job continues where it left off.")
        else:
            messages.warning(request, "The job wasn’t ended early, so there is nothing to continue.")
        return _to(job)


def started(job: Job) -> SafeString:
    """Return the message about a job that was just started, with a link to its page."""
    page = reverse("admin:digest_job_change", args=[job.pk])
    rows = "" if job.total is None else f" for {count(job.total, 'row')}"
    return format_html(
        'A worker does this{}. <a href="{}">See its progress</a>, or leave: the report stays there.', rows, page
    )


def _may_steer(request: HttpRequest, job: Job) -> bool:
    """Return whether the user may cancel and resume the job: it is their own, or they may change jobs."""
    return request.user.get_username() == job.created_by or request.user.has_perm("digest.change_job")


def _may_resume(request: HttpRequest, job: Job) -> bool:
    """Return whether the user may also start jobs of this kind: a permission may have been taken from the owner."""
    needed = registry.permission_for(job.kind)
    return _may_steer(request, job) and (not needed or request.user.has_perm(needed))


def _job_to_steer(request: HttpRequest, pk: int) -> Job:
    job = Job.objects.filter(pk=pk).first()
    if job is None:
        raise Http404(f"There is no job {pk}.")
    if not _may_steer(request, job):
        raise PermissionDenied
    return job


def _to(job: Job) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:digest_job_change", args=[job.pk]))
