"""Filters of lists as select boxes, for columns with too many values to list them as links."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import build_q_object_from_lookup_parameters
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import ValidationError
from django.db.models import F, Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from subscriptions.models import TopicFilter


class SelectFilter(admin.RelatedFieldListFilter):
    """A filter by a related row as a select box, such as one of hundreds of topics or editions."""

    template = "admin/select_filter.html"

    def __init__(
        self,
        field: Any,
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Model],
        model_admin: Any,
        field_path: str,
    ) -> None:
        # The box sends an empty value for “All”.
        for name in [name for name, values in params.items() if name.startswith(field_path) and not any(values)]:
            del params[name]
        super().__init__(field, request, params, model, model_admin, field_path)
        self._sent = request.GET

    @property
    def chosen(self) -> list[str]:
        return list(map(str, self.lookup_val or []))

    @property
    def others(self) -> Iterator[tuple[str, str]]:
        """Yield the parameters to keep: those of the search and the other filters."""
        own = {*self.expected_parameters(), PAGE_VAR}
        return ((name, str(value)) for name, value in self._sent.items() if name not in own)


class SelectOfUsedFilter(SelectFilter):
    """The same with only those values that some row of the list has. They are shown by `name`."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        # One look-up in the index for each value. For an EXISTS, PostgreSQL reads all rows of the list.
        rows = field.model._base_manager.filter(**{f"{field.name}__gte": OuterRef("pk")}).order_by(field.attname)
        used = field.related_model._default_manager.annotate(next_used=Subquery(rows.values(field.attname)[:1]))
        return list(used.filter(next_used=F("pk")).values_list("pk", "name"))


class FollowedTopicFilter(SelectOfUsedFilter):
    """Readers who follow a topic.

    The rows of what they follow are found by themselves. Django's join would repeat a reader who follows several
    topics of the filter, so that PostgreSQL would have to compare whole rows.
    """

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.used_parameters:
            return queryset
        lookups: dict[str, Any] = {
            name.removeprefix("filters__"): values for name, values in self.used_parameters.items()
        }
        try:
            follows = TopicFilter.objects.filter(build_q_object_from_lookup_parameters(lookups)).order_by()
        except (ValueError, ValidationError) as error:
            raise IncorrectLookupParameters(error) from error
        return queryset.filter(pk__in=follows.values("subscriber"))


class NamedValuesFilter(admin.AllValuesFieldListFilter):
    """A filter by the values of a field, with a name for the empty one: a link without a text can't be read."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        return (choice | {"display": choice["display"] or "none"} for choice in super().choices(changelist))


def titled(kind: type[admin.FieldListFilter], title: str) -> type[admin.FieldListFilter]:
    """Return a filter of this kind that is named as the column of the list, and not as the field."""

    class Titled(kind):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.title = title

    return Titled


def dates(title: str) -> type[admin.FieldListFilter]:
    return titled(admin.DateFieldListFilter, title)
