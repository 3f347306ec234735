"""Filters of lists with too many values for a list of links."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR
from django.db.models import Exists, Model, OuterRef
from django.http import HttpRequest


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
    """The same with only those values that some row of the list has."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        # By an index for each value. Django's own filter reads all rows of the list.
        used = Exists(field.model._base_manager.filter(**{field.name: OuterRef("pk")}))
        return [(row.pk, str(row)) for row in field.related_model._default_manager.filter(used)]


class NamedValuesFilter(admin.AllValuesFieldListFilter):
    """A filter by the values of a field, with a name for the empty one: a link without a text can't be read."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        return (choice | {"display": choice["display"] or "none"} for choice in super().choices(changelist))


def dates(title: str) -> type[admin.DateFieldListFilter]:
    """Return a filter by date that is named as the column of the list."""

    class Dates(admin.DateFieldListFilter):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.title = title

    return Dates
