"""What the rooms of the admin have in common."""

from typing import Any

from django.http import HttpRequest


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
