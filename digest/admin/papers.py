"""Papers, and the data about them."""

import datetime as dt
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from digest import clock
from digest.editions import publication
from digest.models import (
    Assessment,
    Edition,
    Listing,
    Paper,
    PaperAlias,
    SummaryRequest,
    TextExpansion,
    Thumbnail,
    TopicPaper,
    Vector,
)
from subscriptions.admin.base import DATES_AND_TIMES, EditsRowsAdmin, ReadOnlyAdmin, SavesChangesAdmin
from subscriptions.admin.filters import SelectFilter
from subscriptions.forms import LinesField

# The fields that only sources and the publication write once the paper exists.
WRITTEN_BY_SOURCES = (
    "key", "doi", "announce_type", "enriched_at", "github_stars", "votes", "comments", "edition_votes",
)  # fmt: skip
YEAR_MONTH_DAY = ((0, 4), (4, 7), (7, 10))  # the start and end of each in 2026-08-20


class ListingInline(admin.TabularInline[Listing, Paper]):
    model = Listing
    extra = 0
    can_delete = False
    readonly_fields = ["source", "day", "votes", "comments", "announce_type", "submitter"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OfTheNextEdition(admin.SimpleListFilter):
    title = "edition"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("next", "Next edition, so far"), ("newest", "Latest closed edition")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Paper]) -> QuerySet[Paper]:
        if self.value() == "next":
            return queryset.filter(pk__in=publication.papers_so_far(publication.next_day(clock.now())).values("pk"))
        if self.value() == "newest":
            return queryset.filter(edition=publication.newest_closed())
        return queryset


class DayOfTheEdition(admin.SimpleListFilter):
    """A filter by year, then by month, then by day.

    It queries only the editions. Django's date hierarchy would read all papers each time the list is shown.
    """

    title = "day of the edition"
    parameter_name = "of"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        days = map(str, Edition.objects.order_by("-day").values_list("day", flat=True))
        chosen = self.value() or ""
        spans = (day[:end] for day in days for start, end in YEAR_MONTH_DAY if chosen.startswith(day[:start]))
        return [(span, span) for span in dict.fromkeys(spans)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Paper]) -> QuerySet[Paper]:
        chosen = self.value()
        if chosen not in dict(self.lookup_choices):
            return queryset
        parts = dict(zip(("day__year", "day__month", "day__day"), map(int, chosen.split("-")), strict=False))
        return queryset.filter(edition__in=Edition.objects.filter(**parts))


class KeysFirst(Paginator[Paper]):
    """A paginator that finds a page's primary keys by indexes first, so that sorting reads no abstracts."""

    def page(self, number: Any) -> Page[Paper]:
        page, papers = super().page(number), cast(QuerySet[Paper], self.object_list)
        keys = list(cast(QuerySet[Paper], page.object_list).values_list("pk", flat=True))
        page.object_list = papers.filter(pk__in=keys)
        return page


class PaperForm(forms.ModelForm[Paper]):
    authors = LinesField(required=False, help_text="Write one on each line.", show_hidden_initial=True)
    categories = LinesField(
        required=False, help_text="Write one arXiv category on each line, such as cs.CL.", show_hidden_initial=True
    )
    keywords = LinesField(required=False, help_text="Write one on each line.", show_hidden_initial=True)

    class Meta:
        labels = {
            "url": "Address",
            "github_url": "GitHub",
            "project_url": "Project page",
            "figure_url": "Figure",
            "doi": "DOI",
        }
        widgets = {"title": forms.Textarea(attrs={"rows": 2}), "take_away": forms.Textarea(attrs={"rows": 3})}


@admin.register(Paper)
class PaperAdmin(EditsRowsAdmin, SavesChangesAdmin, admin.ModelAdmin[Paper]):
    empty_text = "No papers yet. Sources are read twice an hour."
    form = PaperForm
    formfield_overrides = DATES_AND_TIMES
    list_display = ["title", "votes", "is_pinned", "is_hidden", "day", "first_seen_at"]
    ordering = [F("edition__day").desc(nulls_first=True), "-votes", "-pk"]  # papers without an edition first
    list_editable = ["is_pinned", "is_hidden"]
    list_per_page = 50  # each row is a form, which takes 2 ms
    list_filter = [
        OfTheNextEdition,
        DayOfTheEdition,
        "is_pinned",
        "is_hidden",
        "first_seen_at",
        ("listings__source", SelectFilter),
    ]
    search_fields = ["title", "key", "abstract", "authors"]
    search_help_text = "Words of a title or an abstract, or an author."
    autocomplete_fields = ["edition"]
    list_select_related = ["edition"]
    paginator = KeysFirst
    inlines = [ListingInline]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a query for each value of each filter
    fieldsets = [
        (
            None,
            {"fields": [("edition", "is_pinned", "is_hidden"), ("votes", "edition_votes", "comments", "github_stars")]},
        ),
        ("What readers see", {"fields": ["title", "authors", "summary", "abstract", "take_away", "take_away_by"]}),
        (
            "Links and figures",
            {"fields": ["url", "github_url", "project_url", "figure_url", "thumbnail_url"]},
        ),
        ("For matching", {"fields": ["categories", "keywords", "organization", "comment"]}),
        ("Where it comes from", {"fields": [("key", "doi"), ("published_on", "announce_type", "enriched_at")]}),
    ]

    def view_on_site(self, paper: Paper) -> str | None:
        return None if paper.is_hidden else reverse("digest:paper", args=[paper.key])

    @admin.display(ordering="edition__day", description="edition")
    def day(self, paper: Paper) -> dt.date | None:
        return paper.edition.day if paper.edition else None

    def get_readonly_fields(self, request: HttpRequest, obj: Paper | None = None) -> Any:
        """Return the read-only fields. A paper in an edition can't move to another, or readers would get it twice."""
        if obj is None:
            return ()
        return ("edition", *WRITTEN_BY_SOURCES) if obj.edition_id else WRITTEN_BY_SOURCES

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # its source would list it as new again, and readers would get it twice; it can be hidden instead


@admin.register(Listing)
class ListingAdmin(ReadOnlyAdmin, admin.ModelAdmin[Listing]):
    list_display = ["paper", "source", "day", "votes", "comments", "announce_type", "submitter"]
    list_filter = [("source", SelectFilter), "day", "announce_type"]
    search_fields = ["paper__title", "paper__key"]
    list_select_related = ["paper", "source"]
    show_full_result_count = False


@admin.register(PaperAlias)
class PaperAliasAdmin(ReadOnlyAdmin, admin.ModelAdmin[PaperAlias]):
    list_display = ["key", "paper"]
    search_fields = ["key", "paper__title"]
    list_select_related = ["paper"]


@admin.register(TopicPaper)
class TopicPaperAdmin(ReadOnlyAdmin, admin.ModelAdmin[TopicPaper]):
    list_display = ["paper", "topic", "day", "score"]
    list_filter = ["day", ("topic", SelectFilter)]
    search_fields = ["paper__title", "topic__name"]
    list_select_related = ["paper", "topic"]
    show_full_result_count = False


@admin.register(Vector)
class VectorAdmin(ReadOnlyAdmin, admin.ModelAdmin[Vector]):
    list_display = ["key", "kind", "used_on"]
    list_filter = ["kind", "used_on"]
    search_fields = ["key"]
    exclude = ["values"]
    show_full_result_count = False


@admin.register(TextExpansion)
class TextExpansionAdmin(ReadOnlyAdmin, admin.ModelAdmin[TextExpansion]):
    list_display = ["__str__", "made_on", "used_on"]
    list_filter = ["made_on", "used_on"]
    search_fields = ["key"]
    exclude = ["values"]
    show_full_result_count = False


@admin.register(Thumbnail)
class ThumbnailAdmin(ReadOnlyAdmin, admin.ModelAdmin[Thumbnail]):
    list_display = ["paper", "mark", "problem", "tries", "tried_at"]
    list_filter = ["tried_at"]
    search_fields = ["paper__title", "address"]
    list_select_related = ["paper"]
    show_full_result_count = False


@admin.register(Assessment)
class AssessmentAdmin(ReadOnlyAdmin, admin.ModelAdmin[Assessment]):
    list_display = ["paper", "fits", "model", "problem", "asked_at"]
    list_filter = ["fits", "model", "asked_at"]
    search_fields = ["paper__title", "paper__key", "problem"]
    list_select_related = ["paper"]
    show_full_result_count = False


@admin.register(SummaryRequest)
class SummaryRequestAdmin(ReadOnlyAdmin, admin.ModelAdmin[SummaryRequest]):
    list_display = ["paper", "model", "problem", "asked_at"]
    list_filter = ["model", "asked_at"]
    search_fields = ["paper__title", "paper__key", "problem"]
    list_select_related = ["paper"]
    show_full_result_count = False
