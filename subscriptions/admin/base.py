"""What the rooms of the admin have in common."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from subscriptions.addresses import address_hash


class ReadOnlyAdmin:
    """A log: to be looked at, not to be changed."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OwnsALogAdmin:
    """What has a log that nobody may delete, and that goes with it all the same."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        rows, counts, _, protected = super().get_deleted_objects(objs, request)  # type: ignore[misc]
        return rows, counts, set(), protected


class FindsAddressesAdmin:
    """What knows addresses by their hashes alone, which are of whole addresses."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if "@" in search_term:
            return queryset.filter(address_hash=address_hash(search_term)), False
        found: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        return found
