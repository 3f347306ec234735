"""A reader's page with what they would get today, an email with their link, and the list's actions.

The list's columns and filters, and the fields of the form, are in `subscriptions.admin.readers`.
"""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Max, Prefetch
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from digest.admin import email_preview
from digest.admin.base import papers_of
from digest.admin.bulk import row_action
from digest.admin.email_preview import OptionalAddressField
from digest.admin.exchange import ExchangesSuppressionsAdmin, ExportsReadersAdmin
from digest.admin.reader_status import UNSUBSCRIBED, ChangesStatusAdmin
from digest.editions import candidates
from digest.email import email_sample
from digest.email.email_sample import EmailPreview, NothingToShowError
from digest.models import Delivery, Edition
from digest.ops import reader_summary, reader_timeline
from digest.ops.jobs import delivery_jobs, reader_jobs
from digest.personalization.digest_selection import Digest
from subscriptions import brand
from subscriptions.admin.access_log import log_opening
from subscriptions.admin.readers import ReaderList, SubscriberAdmin
from subscriptions.admin.suppressions import SuppressionAdmin
from subscriptions.models import Subscriber, Suppression, TopicFilter
from subscriptions.readers import lifecycle, personal_data

EDITIONS = 14  # to choose from


class ReaderListWithDigests(ReaderList):
    """The list of readers, with the day of the last digest that each one on the page got."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        sent = Delivery.objects.filter(subscriber__in=[reader.pk for reader in self.result_list], status="sent")
        last = dict(sent.order_by().values_list("subscriber").annotate(Max("sent_at")))
        for reader in self.result_list:
            reader.last_sent_at = last.get(reader.pk)


class TodayForm(forms.Form):
    """The edition to show, and the address of a test email."""

    edition = forms.ModelChoiceField(Edition.objects.none(), required=False, empty_label=None)
    send_to = OptionalAddressField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.editions = list(Edition.objects.order_by("-day")[:EDITIONS])
        choices: Any = self.fields["edition"]
        choices.queryset = Edition.objects.filter(pk__in=[edition.pk for edition in self.editions])
        self.fields["send_to"].label = "Test email to"
        self.fields["send_to"].required = self.is_bound and email_preview.SEND in self.data

    def clean_send_to(self) -> str:
        address: str = self.cleaned_data["send_to"]
        if address and lifecycle.is_suppressed(address):
            raise forms.ValidationError("This address is suppressed, so it must not be emailed. Enter another one.")
        return address


@admin.register(Subscriber)
class ReaderAdmin(ChangesStatusAdmin, ExportsReadersAdmin, SubscriberAdmin):
    actions = [
        "export",
        "send_link",
        "unsubscribe",
        "suppress",
        "lift",
        "skip_queued",
        "count_as_sent",
        "delete_selected",
    ]
    skip_queued = row_action(
        delivery_jobs.SKIP_OF_READERS,
        ["requeue"],
        result="will not get what was queued for them.",
        warning="The digests that are queued for them are not sent. Later ones are.",
        asks=True,
    )
    count_as_sent = row_action(
        delivery_jobs.COUNT_OF_READERS,
        ["requeue"],
        result="had their queued digests counted as sent.",
        warning="The digests that are queued for them are not sent, and are listed as sent.",
        asks=True,
    )
    send_link = row_action(
        reader_jobs.SEND_LINK,
        ["change"],
        result="will get the link within a minute.",
    )
    unsubscribe = row_action(
        reader_jobs.UNSUBSCRIBE,
        ["change"],
        result=UNSUBSCRIBED,
    )
    suppress = row_action(reader_jobs.SUPPRESS, ["suppress"], result="suppressed.")
    lift = row_action(
        reader_jobs.UNSUPPRESS,
        ["lift"],
        result="unsuppressed. They may sign up again, and get no emails until they do.",
    )
    delete_selected = row_action(
        reader_jobs.ERASE,
        ["delete"],
        result="deleted.",
        warning="This can’t be undone. The log of consents keeps keyed hashes of their addresses.",
        asks=True,
    )

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the columns. Staff who may not view deliveries do not see the last digest."""
        columns = [*super().get_list_display(request)]
        if request.user.has_perm("digest.view_delivery"):
            columns.insert(columns.index("signed_up"), "last_digest")
        return columns

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ReaderListWithDigests if request.user.has_perm("digest.view_delivery") else ReaderList

    @admin.display(description="last digest")
    def last_digest(self, reader: Any) -> dt.date | None:
        return reader.last_sent_at.date() if reader.last_sent_at else None

    def get_urls(self) -> list[URLPattern]:
        views = {
            "today": self.today_view,
            "timeline": self.timeline_view,
            "link": require_POST(self.link_view),
            "pause": self.pause_view,
            "resume": require_POST(self.resume_view),
            "unsubscribe": self.unsubscribe_view,
        }
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"subscriptions_subscriber_{name}")
            for name, view in views.items()
        ]
        return own + super().get_urls()

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        reader: Subscriber | None = kwargs.get("obj")
        card = self.card_of(request, reader) if reader else {}
        return super().render_change_form(request, context | card, *args, **kwargs)

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("digest.change_delivery")

    def delete_model(self, request: HttpRequest, obj: Subscriber) -> None:
        personal_data.erase(obj, reader_jobs.trace_of(request.user.get_username()))

    def link_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Email the reader the link to their settings, and return to their page."""
        reader = self._reader(request, pk)
        if not self.has_change_permission(request, reader):
            raise PermissionDenied
        self.send_link(request, Subscriber.objects.filter(pk=pk))
        return HttpResponseRedirect(reverse("admin:subscriptions_subscriber_change", args=[pk]))

    def today_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the digest that the reader would get now. A POST sends it as a test email to an address."""
        reader = self._reader(request, pk)
        log_opening(request, reader)
        may_send = self.has_change_permission(request, reader)
        if request.method == "POST" and not may_send:
            raise PermissionDenied
        data = request.POST if request.method == "POST" else request.GET
        form = TodayForm(data or None, initial={"send_to": getattr(request.user, "email", "")})
        edition = (form.is_bound and form.is_valid() and form.cleaned_data["edition"]) or next(
            iter(form.editions), None
        )
        shown = _shown(reader, edition) if edition else {}
        preview: EmailPreview | None = shown.get("sample")
        if preview and request.method == "POST" and form.is_valid():
            email_preview.send_test(request, preview, form.cleaned_data["send_to"], reader)
        context = self.admin_site.each_context(request) | shown
        context |= {"opts": self.opts, "original": reader, "title": f"Today’s digest of {reader}"}
        context |= {"form": form, "edition": edition, "may_send": may_send, "media": self.media}
        context |= {"state": reader_summary.state_of(reader), "gets_them": reader.status == Subscriber.Status.ACTIVE}
        response = TemplateResponse(request, "admin/subscriptions/subscriber/today.html", context)
        if preview:
            response["Content-Security-Policy"] = email_preview.policy_of(preview)
        return response

    def timeline_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what happened to the reader, the newest first. Each part needs the permission to view its model."""
        reader = self._reader(request, pk)
        log_opening(request, reader)
        may_view = {model for model, page in self.admin_site._registry.items() if page.has_view_permission(request)}
        moments = reader_timeline.timeline(reader, may_view=may_view)
        kinds = reader_timeline.KINDS.get(request.GET.get("kind", ""), ())
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "original": reader,
            "title": "Timeline",
            "most": len(moments) == reader_timeline.MAX_MOMENTS and reader_timeline.MAX_MOMENTS,
            "kinds": list(reader_timeline.KINDS),
            "kind": request.GET.get("kind", "") if kinds else "",
            "days": reader_timeline.by_day(each for each in moments if not kinds or each.kind in kinds),
        }
        return TemplateResponse(request, "admin/subscriptions/subscriber/timeline.html", context)

    def _reader(self, request: HttpRequest, pk: int) -> Subscriber:
        filters = Prefetch("filters", TopicFilter.objects.select_related("topic"))
        reader = Subscriber.objects.prefetch_related(filters).filter(pk=pk).first()
        if reader is None:
            raise Http404(f"There is no reader {pk}.")
        if not self.has_view_permission(request, reader):
            raise PermissionDenied
        return reader


@admin.register(Suppression)
class SuppressedAdmin(ExchangesSuppressionsAdmin, SuppressionAdmin):
    actions = ["lift"]
    lift = row_action(
        reader_jobs.UNSUPPRESS_ADDRESS,
        ["lift"],
        result="unsuppressed. They may sign up again, and get no emails until they do.",
    )


def _shown(reader: Subscriber, edition: Edition) -> dict[str, Any]:
    """Return the context about the digest: its papers with reasons, the email, and whether it was sent."""
    delivery = Delivery.objects.filter(subscriber=reader, edition=edition).defer("papers").first()
    try:
        preview = email_sample.preview_email(brand.current(), edition, reader=reader)
    except NothingToShowError as error:
        return {"nothing": str(error), "delivery": delivery}
    since = candidates.weekly_cutoff(edition, reader)
    return {"sample": preview, "delivery": delivery, "digest": preview.digest, "since": since} | _lists(preview.digest)


def _lists(digest: Digest) -> dict[str, str]:
    return {"for_you": papers_of(digest.for_you), "trending": papers_of(digest.trending)}
