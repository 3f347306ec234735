"""Lists of tables with millions of rows. They avoid counting, and sort and search by an index."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin import AllValuesFieldListFilter, ShowFacets
from django.contrib.admin.utils import lookup_spawns_duplicates
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import F, OrderBy, Q, QuerySet, Value
from django.db.models.functions import Coalesce, StrIndex
from django.http import HttpRequest, HttpResponse

from subscriptions import address_index
from subscriptions.models import Subscriber, TopicFilter

COUNTED = 10_000  # rows; longer lists show an estimate
FOUND = 1_000  # readers that a part of an address may find
INDEXED = re.compile("[a-z0-9]{3}")  # the index of parts of addresses has these


class LargeTablePaginator(Paginator[Any]):
    """A paginator that counts and shows up to COUNTED rows, and estimates how many more there are.

    Lists of up to COUNTED rows are found by their filters and then sorted. PostgreSQL would read an index in its order
    until a page is full. Where the filters find rows at its far end, that is most of the table.
    """

    keys_of_page: Sequence[Any] = ()  # the primary keys of the page's rows, if they were found first

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]  # lists of the admin are querysets
        counted: int = rows.order_by()[: COUNTED + 1].count()
        return counted if counted <= COUNTED else max(_estimate(rows), counted)

    @cached_property
    def num_pages(self) -> int:
        last = -(-min(self.count, COUNTED) // self.per_page)
        return max(last, 1)

    def page(self, number: Any) -> Page[Any]:
        page = super().page(number)
        if connection.vendor == "postgresql" and self.count <= COUNTED:
            rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
            sorted_keys = rows.order_by(*map(_without_index, rows.query.order_by)).values_list("pk", flat=True)
            first = (page.number - 1) * self.per_page
            self.keys_of_page = list(sorted_keys[first : first + self.per_page])
            page.object_list = rows.filter(pk__in=self.keys_of_page)
        return page


def _without_index(order: Any) -> OrderBy:
    """Return the same order, written so that no index gives it."""
    if isinstance(order, str):
        order = OrderBy(F(order.removeprefix("-")), descending=order.startswith("-"))
    written: OrderBy = order.copy() if isinstance(order, OrderBy) else order.asc()
    written.set_source_expressions([Coalesce(written.expression, written.expression)])
    return written


def _estimate(rows: QuerySet[Any]) -> int:
    """Return how many rows PostgreSQL expects. SQLite counts, which is fast in one process."""
    if connection.vendor != "postgresql":
        return rows.order_by().count()
    sql, parameters = rows.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
        plan = cursor.fetchone()[0]
    return int(plan[0]["Plan"]["Plan Rows"])


class IndexedList(ChangeList):
    """A list that is sorted by its `sortable_by` columns only. Django takes any column from the address.

    Its filters must not repeat rows.
    """

    def get_filters(self, request: HttpRequest) -> Any:
        """Return the filters. Rows need not be compared, unless a condition in the address itself may repeat them."""
        *found, others, _may_repeat, is_filtered = super().get_filters(request)
        return *found, others, any(lookup_spawns_duplicates(self.lookup_opts, name) for name in others), is_filtered

    def get_results(self, request: HttpRequest) -> None:
        """Read the rows of the page by their keys alone, if these are known.

        PostgreSQL 15 reads the whole table where a row must be in two lists of ids: a search's and the page's.
        """
        super().get_results(request)
        if keys := self.paginator.keys_of_page:
            rows = self.apply_select_related(self.root_queryset.filter(pk__in=keys))
            self.result_list = rows.order_by(*self.queryset.query.order_by)

    def get_ordering_field(self, field_name: Any) -> Any:
        return super().get_ordering_field(field_name) if field_name in (self.sortable_by or ()) else None


class LargeTableAdmin:
    """A list of a table with millions of rows. Its order, and each column of `sortable_by`, must have an index."""

    paginator: Any = LargeTablePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # each would read the whole table
    sortable_by: ClassVar[Any] = ()
    ordering: ClassVar[Any] = ("-pk",)  # the newest first

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return IndexedList


class FindsReadersAdmin(LargeTableAdmin):
    """Search by a reader's address, or a part of it, in a table that refers to readers.

    The readers are found first: no index serves a search in both tables at once.
    """

    reader_lookup = "subscriber"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.replace("\0", "").strip()
        return (self.search(request, queryset, term) if term else queryset), False

    def search(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the rows of `queryset` that `term` finds. It is not empty."""
        return queryset.filter(**{f"{self.reader_lookup}__in": self.find_readers(request, term)})

    def find_readers(self, request: HttpRequest, term: str) -> list[int]:
        """Return the ids of readers with `term` in their address. Note if there may be more."""
        found = find_readers(term)
        request.finds_more = "readers" if len(found) == FOUND else ""  # type: ignore[attr-defined]
        request.finds_beginnings = only_begins(term)  # type: ignore[attr-defined]
        return found

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the list. Say if it may lack rows that were searched for, because actions would lack them, too."""
        response: HttpResponse = super().changelist_view(request, *args, **kwargs)  # type: ignore[misc]
        if (rows := getattr(request, "finds_more", "")) and request.method == "GET":
            text = (
                f"The search finds {FOUND:,} {rows} at most, and there may be more. Write more of the address or title."
            )
            messages.info(request, text)
        if getattr(request, "finds_beginnings", False) and request.method == "GET":
            text = (
                "Found addresses and domains that begin with this. Write three letters or digits to find it anywhere."
            )
            messages.info(request, text)
        return response


def find_filters_by_words(term: str) -> QuerySet[TopicFilter]:
    """Return the filters with `term` in a reader's own words."""
    return TopicFilter.objects.exclude(words="").filter(words__icontains=term).order_by()


def find_readers(term: str) -> list[int]:
    """Return the ids of the readers with this address, or else of the first ones with `term` in it."""
    exact = list(Subscriber.objects.by_email(term).values_list("pk", flat=True)) if "@" in term else []
    return exact or list(_with_part(term).order_by().values_list("pk", flat=True)[:FOUND])


def only_begins(term: str) -> bool:
    """Return whether a search finds `term` only where an address or its domain begins.

    This is so if there is an index: it finds three letters or digits in a row anywhere, and fewer at the beginning.
    """
    return connection.vendor == "postgresql" and not INDEXED.search(term.lower()) and address_index.exists()


def _with_part(term: str) -> QuerySet[Subscriber]:
    """Return the readers with `term` in their addresses, which are in ASCII."""
    if connection.vendor != "postgresql":
        return Subscriber.objects.filter(email__icontains=term)
    readers, term = Subscriber.objects.alias(lowered=address_index.LOWERED), term.lower()
    if INDEXED.search(term):
        return readers.filter(lowered__contains=term)
    if only_begins(term):
        return readers.filter(Q(lowered__startswith=term) | Q(lowered__contains="@" + term.lstrip("@")))
    # Without the index, this reads all addresses faster than LIKE.
    return readers.alias(place=StrIndex("lowered", Value(term))).filter(place__gt=0)


def known_values(*values: str) -> type[AllValuesFieldListFilter]:
    """Return a filter by `values`. Django's would read the whole table to find them."""

    class KnownValues(AllValuesFieldListFilter):
        def __init__(
            self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, field_path: str
        ) -> None:
            path, page = field_path, model_admin
            self.lookup_kwarg, self.lookup_kwarg_isnull = path, f"{path}__isnull"
            self.lookup_val, self.lookup_val_isnull = params.get(path), params.get(f"{path}__isnull")
            self.empty_value_display = page.get_empty_value_display()
            self.lookup_choices = list(values)  # type: ignore[assignment]  # Django's is a queryset of values
            super(AllValuesFieldListFilter, self).__init__(field, request, params, model, page, path)

        def choices(self, changelist: Any) -> Any:
            return (choice | {"display": choice["display"] or "none"} for choice in super().choices(changelist))

    return KnownValues
