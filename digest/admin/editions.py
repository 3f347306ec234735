"""Editions, and the days without one."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from digest import clock
from digest.admin import bulk
from digest.admin.email_preview import EmailPreviewAdmin, EmailPreviewForm
from digest.admin.jobs import started
from digest.delivery.events.classification import EventClass
from digest.editions import publication
from digest.email import email_sample
from digest.email.email_sample import EmailPreview
from digest.email.formatting import count
from digest.models import DailyTotal, Delivery, Edition, Paper, QuietDay
from digest.ops.daily_totals import meaning_of
from digest.ops.jobs import delivery_jobs, rows
from digest.text.cleanup import first_sentences
from subscriptions import brand
from subscriptions.admin.base import (
    DATES_AND_TIMES,
    ReadOnlyAdmin,
    RowForm,
    SavesChangesAdmin,
    TellsChangesAdmin,
    log_action,
)
from subscriptions.pills import pill
from subscriptions.slow_counts import remembered

NOTE_FORMAT = "Plain text; addresses that begin with https:// become links."
# What a change of a paper means, and how to undo it.
HINTS = {
    "is_hidden": {
        True: "hidden from pages and from emails that are not sent yet. Untick “hidden” to show it again.",
        False: "shown again.",
    },
    "is_pinned": {True: "pinned above the others. Untick “pinned” to undo this.", False: "no longer pinned."},
}
PROBLEMS: dict[str, str] = {
    EventClass.HARD: "bounced",
    EventClass.SOFT: "bounced",
    EventClass.POLICY: "bounced",
    EventClass.COMPLAINT: "marked as spam",
}
PLANNED_LATER = (
    "They will not be sent. Readers whose hour has not come yet are planned later: empty “emailed from” on the "
    "edition’s page to stop that."
)
AGAIN = (
    "They are queued as if for the first time: papers are chosen again, by what each reader follows now, and readers "
    "for whom nothing matches are skipped again. No one who had the digest gets it again."
)
# Why an edition without any digest was not sent.
TOO_LATE = "It was published more than a day late, so it is on the site only."
SWITCHED_OFF = "It is on the site only. To email it, fill in “emailed from” under “Schedule” on its page."
NO_ONE_DUE = "No active reader was due: there was none, or all of them get a weekly digest."
UNDER_WAY = {Delivery.Status.SENT, Delivery.Status.QUEUED}
A_DAY = dt.timedelta(days=1)  # within it, each reader's hour has come
PAPERS_SHOWN = 100  # papers on an edition's page; the list of papers has all of them


class EditionForm(EmailPreviewForm, forms.ModelForm[Edition]):
    class Meta:
        model = Edition
        fields = ["note_before", "note_after", "send_after"]
        widgets = dict.fromkeys(("note_before", "note_after"), forms.Textarea(attrs={"rows": 3, "cols": 40}))
        labels = {"send_after": "Emailed from", "note_before": "Above the papers", "note_after": "Below the papers"}
        help_texts = dict.fromkeys(("note_before", "note_after"), NOTE_FORMAT)

    def make_preview(self, **audience: Any) -> EmailPreview:
        return email_sample.preview_email(brand.current(), self.instance, **audience)


class PaperFormSet(forms.BaseInlineFormSet[Paper, Edition, Any]):
    """The first papers of an edition. A submitted form may hold any of its papers, because votes change their order."""

    def get_queryset(self) -> QuerySet[Paper]:
        if self.is_bound:
            return super().get_queryset()
        if not hasattr(self, "_shown"):
            self._shown = super().get_queryset()[:PAPERS_SHOWN]
        return self._shown


class PaperInline(TellsChangesAdmin, admin.TabularInline[Paper, Edition]):
    model = Paper
    form = RowForm
    formset = PaperFormSet
    template = "admin/digest/edition/papers.html"
    fields = ["work", "votes", "is_pinned", "is_hidden"]
    readonly_fields = ["work", "votes"]
    ordering = publication.PAGE_ORDER
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="paper")
    def work(self, paper: Paper) -> str:
        """Return the title, authors and summary, with the abstract to unfold: enough to decide to pin or hide it."""
        address = reverse("admin:digest_paper_change", args=[paper.pk])
        summary = paper.summary or first_sentences(paper.abstract, 280)
        return format_html(
            '<a href="{}">{}</a><p class="authors">{}</p><details><summary>{}</summary><p>{}</p></details>',
            *(address, paper.title, ", ".join(paper.authors[:3]) + (" and others" if len(paper.authors) > 3 else "")),
            *(summary or "No abstract", paper.abstract or "The source gave none."),
        )


class EditionList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        count_deliveries(self.result_list)


def count_deliveries(editions: Iterable[Any]) -> None:
    """Count the deliveries of each edition, and list the statuses in the order of the model: queued, sent, …"""
    pks = [edition.pk for edition in editions]
    by_edition = remembered(f"deliveries of {pks}", lambda: _deliveries_of(pks))
    problems = _problems_of(by_edition)
    unsent = [pk for pk, counts in by_edition.items() if counts and not UNDER_WAY & dict(counts).keys()]
    reasons = remembered(f"reasons of {unsent}", lambda: _reasons_of(unsent)) if unsent else {}
    for edition in editions:
        edition.problems = problems[edition.pk]
        edition.reason = reasons.get(edition.pk, "")
        edition.by_status = sorted(by_edition[edition.pk], key=lambda pair: Delivery.Status.values.index(pair[0]))


def _deliveries_of(editions: Iterable[int]) -> dict[int, list[tuple[str, int]]]:
    """Return the number of deliveries with each status, of each edition.

    The totals of days keep the numbers of deliveries that are deleted for their age.
    """
    numbers: dict[int, list[tuple[str, int]]] = {pk: [] for pk in editions}
    counts = Delivery.objects.filter(edition__in=numbers).order_by("status").values_list("edition", "status")
    for pk, status, number in counts.annotate(Count("pk")):
        numbers[pk].append((status, number))
    if deleted := [pk for pk, counted in numbers.items() if not counted]:
        totals = DailyTotal.objects.filter(edition__in=deleted, kind=DailyTotal.Kind.DELIVERY).order_by()
        for pk, status, number in totals.values_list("edition", "what").annotate(Sum("number")):
            if number:
                numbers[pk].append((status, number))
    return numbers


def state_of(edition: Edition, digests: Counter[str]) -> str:
    """Return how far an edition is, as a pill: open, sending, sent, withdrawn or closed."""
    if edition.closed_at is None:
        return pill("pending", f"Open until {settings.PUBLISH_HOUR:02}:00 UTC")
    sent, queued = digests[Delivery.Status.SENT], digests[Delivery.Status.QUEUED]
    if queued:
        return pill("queued", f"Sending: {sent:,} of {sum(digests.values()):,}")
    if sent:
        return pill("sent", f"Sent to {count(sent, 'reader')}")
    if digests[Delivery.Status.SKIPPED] == sum(digests.values()) > 0:
        return pill("skipped", "Sent to no one")
    if digests:
        return pill("failed", "Not sent: see its digests")
    if edition.send_after and edition.send_after > clock.now() - A_DAY:
        return pill("pending", "Closed, not sent yet")
    return pill("closed", "Closed, no readers" if edition.send_after else "Closed, not emailed")


def why_unsent(edition: Edition, digests: Counter[str], reason: str = "") -> str:
    """Return why a closed edition was sent to no one, or "". `reason` is what most of its digests say."""
    if edition.closed_at is None or digests[Delivery.Status.SENT] or digests[Delivery.Status.QUEUED]:
        return ""
    if digests:
        return reason
    if edition.send_after is None:
        return TOO_LATE if edition.closed_at.date() > edition.day + A_DAY else SWITCHED_OFF
    return "" if edition.send_after > clock.now() - A_DAY else NO_ONE_DUE


def reach_of_notes(edition: Edition, digests: Counter[str]) -> str:
    """Return who still sees a note that is saved now."""
    sent, queued = digests[Delivery.Status.SENT], digests[Delivery.Status.QUEUED]
    if not sent:
        return "Notes are shown on the site and in the emails of this edition."
    already = f"{count(sent, 'reader')} already got this edition."
    if queued:
        waiting = count(queued, "email")
        return f"{already} A note that you save now is shown on the site and in the {waiting} not sent yet."
    if edition.send_after and edition.send_after > clock.now() - A_DAY:
        return f"{already} A note that you save now is shown on the site, and to readers whose hour has not come yet."
    return f"{already} A note that you save now is shown on the site only."


def _reasons_of(editions: Iterable[int]) -> dict[int, str]:
    """Return the reason that most unsent digests of each edition have."""
    counts = Delivery.objects.filter(edition__in=editions).exclude(reason="").order_by()
    numbers = counts.values_list("edition", "reason").annotate(number=Count("pk")).order_by("number")
    return {pk: reason for pk, reason, _ in numbers}


def _problems_of(editions: Iterable[int]) -> dict[int, Counter[str]]:
    """Return the bounces and complaints of each edition, from the totals of the days that are over."""
    problems: dict[int, Counter[str]] = {pk: Counter() for pk in editions}
    totals = DailyTotal.objects.filter(edition__in=problems, kind=DailyTotal.Kind.EVENT).order_by()
    for pk, what, number in totals.values_list("edition", "what", "number"):
        meaning = meaning_of(what)
        if meaning in PROBLEMS:
            problems[pk][PROBLEMS[meaning]] += number
    return problems


@admin.register(Edition)
class EditionAdmin(EmailPreviewAdmin, SavesChangesAdmin, admin.ModelAdmin[Edition]):
    empty_text = "No editions yet. The first is published once every source was read."
    form = EditionForm
    formfield_overrides = DATES_AND_TIMES
    inlines = [PaperInline]
    list_display = ["day", "paper_count", "state", "not_sent", "problems"]
    list_per_page = 30
    search_fields = ["day", "note_before", "note_after"]
    search_help_text = "A day, such as 2026-12-02, or words of a note."
    date_hierarchy = "day"
    readonly_fields = ["day", "published_at", "closed_at"]
    actions = ["skip_queued", "count_as_sent", "begin_again"]

    def get_fieldsets(self, request: HttpRequest, obj: Edition | None = None) -> Any:
        """Return the editors' note, which is above the papers, and the dates, which are below them.

        `send_after` is left out until the edition is closed, because closing sets it.
        """
        dates = ["day", "published_at", "closed_at", *(["send_after"] if obj and obj.closed_at else [])]
        return [
            ("Editors’ note", {"fields": [("note_before", "note_after")]}),
            ("Schedule", {"fields": [tuple(dates)], "classes": ["collapse"]}),
        ]

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save the papers, and say how to undo each change."""
        super().save_formset(request, form, formset, change)
        for paper, names in formset.changed_objects:
            for name in set(names) & HINTS.keys():
                page = reverse("admin:digest_paper_change", args=[paper.pk])
                hint = HINTS[name][getattr(paper, name)]
                self.message_user(request, format_html('<a href="{}">{}</a>: {}', page, paper.title, hint))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Show how far the edition is, as its row in the list does."""
        if edition := kwargs.get("obj"):
            count_deliveries([edition])
            card = {"Status": self.state(edition), "Papers": edition.paper_count, "Not sent": self.not_sent(edition)}
            context["card"] = card | {"Bounces and complaints": self.problems(edition)}
            context["reach"] = reach_of_notes(edition, Counter(dict(edition.by_status)))
        return super().render_change_form(request, context, *args, **kwargs)

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("digest.change_delivery")

    @admin.action(description=delivery_jobs.SKIP_EDITIONS, permissions=["requeue"])
    def skip_queued(self, request: HttpRequest, queryset: QuerySet[Edition]) -> HttpResponse | None:
        return self._withdraw(request, queryset, Delivery.Status.SKIPPED, delivery_jobs.SKIP_EDITIONS)

    @admin.action(description=delivery_jobs.COUNT_EDITIONS_AS_SENT, permissions=["requeue"])
    def count_as_sent(self, request: HttpRequest, queryset: QuerySet[Edition]) -> HttpResponse | None:
        return self._withdraw(request, queryset, Delivery.Status.SENT, delivery_jobs.COUNT_EDITIONS_AS_SENT)

    def _withdraw(
        self, request: HttpRequest, queryset: QuerySet[Edition], status: str, label: str
    ) -> HttpResponse | None:
        if not bulk.is_confirmed(request):
            queued = Delivery.objects.filter(edition__in=queryset.values("pk"), status=Delivery.Status.QUEUED).count()
            return bulk.confirmation(self, request, label, queued, PLANNED_LATER, is_job=True, of="queued digests")
        job = delivery_jobs.withdraw_editions(queryset, status, by=request.user.get_username())
        messages.info(request, started(job))
        return None

    @admin.action(description=delivery_jobs.BEGIN_AGAIN.label, permissions=["requeue"])
    def begin_again(self, request: HttpRequest, queryset: QuerySet[Edition]) -> HttpResponse | None:
        """Queue the failed and the skipped deliveries of the editions again."""
        again = Delivery.objects.filter(edition__in=queryset.values("pk"), status__in=("failed", "skipped"))
        label = delivery_jobs.BEGIN_AGAIN.label
        if not bulk.is_confirmed(request):
            return bulk.confirmation(self, request, label, again.count(), AGAIN, is_job=True, of="digests")
        by = request.user.get_username()
        log_action(request, queryset, "Began again with failed and skipped digests.")
        messages.info(
            request, started(rows.start(delivery_jobs.BEGIN_AGAIN, again.values_list("pk", flat=True), by=by))
        )
        return None

    def view_on_site(self, edition: Edition) -> str:
        return reverse("digest:edition", args=[edition.day])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Edition]:
        return super().get_queryset(request).annotate(paper_count=Count("papers", distinct=True))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # editions are published by the schedule or by publish_edition

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the next edition would contain its papers again

    @admin.display(ordering="paper_count", description="papers")
    def paper_count(self, edition: Edition) -> int:
        papers: int = edition.paper_count  # type: ignore[attr-defined]  # annotated above
        return papers

    @admin.display(ordering="closed_at", description="status")
    def state(self, edition: Any) -> str:
        """Return the status, as a link to the edition's digests if it has any, and why no one got it."""
        digests = Counter(dict(edition.by_status))
        state = state_of(edition, digests)
        if digests:
            page = reverse("admin:digest_delivery_changelist")
            state = format_html('<a href="{}?edition__id__exact={}">{}</a>', page, edition.pk, state)
        reason = why_unsent(edition, digests, edition.reason)
        return format_html("{}<p>{}</p>", state, reason) if reason else state

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EditionList

    @admin.display(description="not sent")
    def not_sent(self, edition: Any) -> str:
        """Return how many digests have each status other than sent, each as a link to them."""
        page = reverse("admin:digest_delivery_changelist")
        rows = (
            (f"{page}?edition__id__exact={edition.pk}&status__exact={status}", pill(status, f"{number:,} {status}"))
            for status, number in edition.by_status
            if status != Delivery.Status.SENT
        )
        return format_html_join(" ", '<a href="{}">{}</a>', rows)

    @admin.display(description="bounces and complaints")
    def problems(self, edition: Any) -> str | None:
        """Return how many digests of the edition bounced or were marked as spam, up to yesterday."""
        return ", ".join(f"{number:,} {what}" for what, number in edition.problems.items()) or None


@admin.register(QuietDay)
class QuietDayAdmin(ReadOnlyAdmin, admin.ModelAdmin[QuietDay]):
    empty_text = "No such day yet. It is listed here, with the reason, if there were no papers."
    list_display = ["day", "cause", "reason"]
    search_fields = ["reason"]
    date_hierarchy = "day"
