"""Readers' feedback on papers, the preferences learned from it, and the papers that they saved."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from digest import clock
from digest.admin.base import outcome_of
from digest.models import LearnedLikes, Learnt, Opinion, Paper, SavedPaper
from digest.ops import popularity
from digest.personalization import profiles
from subscriptions.admin.base import NamesReaderAdmin, ReadOnlyAdmin
from subscriptions.admin.large_tables import FOUND, FindsReadersAdmin, IndexedList
from subscriptions.models import Topic
from subscriptions.pills import pill

NAMES = {profiles.WORDS_KEY: "own words", profiles.VOTES_KEY: "most votes"}


class NamesFiltersAdmin:
    """A list of rows with keys of filters. The topics of a page are read at once, since a topic's key is its slug."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ListWithFilters

    def name_filters(self, row: Any, keys: list[str]) -> str:
        names = row.topic_names if hasattr(row, "topic_names") else _topic_names([row])
        return ", ".join(NAMES.get(key) or names.get(key, key) for key in keys if key)


class ListWithFilters(IndexedList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        names = _topic_names(self.result_list)
        for row in self.result_list:
            row.topic_names = names


def _topic_names(rows: Iterable[Any]) -> dict[str, str]:
    """Return the names of the topics in `rows` by their slugs."""
    keys = {key for row in rows for key in (row.filter_key, *getattr(row, "came_by", ())) if key not in NAMES}
    return dict(Topic.objects.filter(slug__in=keys).values_list("slug", "name"))


class FindsPapersAdmin(FindsReadersAdmin):
    """Search by a reader's address, or by words of a paper's title or key.

    Papers and readers are found first: no index serves a search in three tables at once.
    """

    def search(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        papers = Paper.objects.order_by("-pk")
        for word in term.split():
            papers = papers.filter(Q(title__icontains=word) | Q(key__icontains=word))
        found = list(papers.values_list("pk", flat=True)[:FOUND])
        readers = self.find_readers(request, term)
        if len(found) == FOUND:
            request.finds_more = "papers"  # type: ignore[attr-defined]
        return queryset.filter(Q(paper__in=found) | Q(subscriber__in=readers))


@admin.register(Opinion)
class OpinionAdmin(NamesFiltersAdmin, NamesReaderAdmin, ReadOnlyAdmin, FindsPapersAdmin, admin.ModelAdmin[Opinion]):
    empty_text = "No feedback yet. Readers give it by Like and “Not for me” in emails and on the site."
    list_display = ["paper", "opinion", "found_by", "reader", "said_at"]
    fields = ["subscriber", "paper", "verdict", "fewer_of", "found_by", "said_at"]
    readonly_fields = ["fewer_of", "found_by"]
    list_filter = ["verdict", "said_at"]
    search_fields = ["paper__title", "paper__key", "subscriber__email"]
    search_help_text = "A paper’s title, or a reader’s address."
    list_select_related = ["paper", "subscriber"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.popular)
        return [path("popular/", view, name="digest_opinion_popular"), *super().get_urls()]

    def popular(self, request: HttpRequest) -> HttpResponse:
        """Show the papers and topics that readers like most."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        span = request.GET.get("range", "")
        days = popularity.RANGES.get(span, 30)
        context = self.admin_site.each_context(request) | {
            "title": "What readers like",
            "opts": self.opts,
            "ranges": popularity.RANGES,
            "days": days,
            "popular": popularity.popularity(since=clock.now().date() - dt.timedelta(days=days)),
        }
        return TemplateResponse(request, "admin/digest/opinion/popular.html", context)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Allow the lookups of the chart of likes, which leads here."""
        return lookup.startswith("paper__edition__day__") or super().lookup_allowed(lookup, value, request)

    @admin.display(ordering="verdict", description="verdict")
    def opinion(self, opinion: Opinion) -> str:
        if opinion.verdict == Opinion.Verdict.LIKE:
            return pill("ok", "likes it")
        return outcome_of("", f"Fewer of {self.fewer_of(opinion)}" if opinion.filter_key else "", text="not for me")

    @admin.display(ordering="filter_key", description="fewer of")
    def fewer_of(self, opinion: Opinion) -> str:
        return self.name_filters(opinion, [opinion.filter_key])

    @admin.display(description="matched filters")
    def found_by(self, opinion: Opinion) -> str:
        return self.name_filters(opinion, opinion.came_by)


@admin.register(Learnt)
class LearntAdmin(NamesFiltersAdmin, NamesReaderAdmin, ReadOnlyAdmin, FindsReadersAdmin, admin.ModelAdmin[Learnt]):
    list_display = ["reader", "filter", "fewer", "since"]
    fields = ["subscriber", "filter", "fewer", "since"]
    readonly_fields = ["filter"]
    search_fields = ["subscriber__email", "filter_key"]
    list_select_related = ["subscriber"]

    def search(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        return queryset.filter(Q(filter_key__icontains=term) | Q(subscriber__in=self.find_readers(request, term)))

    @admin.display(ordering="filter_key")
    def filter(self, learnt: Learnt) -> str:
        return self.name_filters(learnt, [learnt.filter_key])


@admin.register(LearnedLikes)
class LearnedLikesAdmin(NamesReaderAdmin, ReadOnlyAdmin, FindsReadersAdmin, admin.ModelAdmin[LearnedLikes]):
    list_display = ["reader", "papers", "encoder", "is_outdated", "learned_at"]
    fields = ["subscriber", "papers", "encoder", "is_outdated", "since", "learned_at"]
    readonly_fields = ["papers"]
    search_fields = ["subscriber__email"]
    list_select_related = ["subscriber"]

    @admin.display(description="liked papers")
    def papers(self, learned: LearnedLikes) -> int:
        return len(learned.examples)


@admin.register(SavedPaper)
class SavedPaperAdmin(NamesReaderAdmin, ReadOnlyAdmin, FindsPapersAdmin, admin.ModelAdmin[SavedPaper]):
    """Tags and notes are the reader's own, and not shown."""

    list_display = ["paper", "reader", "saved_at"]
    fields = ["subscriber", "paper", "saved_at", "removed_at"]
    search_fields = ["paper__title", "paper__key", "subscriber__email"]
    list_select_related = ["paper", "subscriber"]
