"""What the rooms of the admin have in common."""

from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html

LONGEST = 300  # characters of a reason in a list; its page shows all


def outcome_of(status: str, why: str, *, is_bad: bool = False) -> str:
    """How something ended and why, as one cell of a list: the reason under the outcome."""
    first = format_html('<strong class="is-bad">{}</strong>' if is_bad else "{}", status)
    return format_html("{}<p>{}</p>", first, f"{why[:LONGEST]}…" if len(why) > LONGEST else why) if why else first


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
