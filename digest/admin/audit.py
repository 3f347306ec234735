"""The audit log: every action of staff, with filters. Nothing in it can be changed or deleted."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.views.main import ChangeList
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils.html import format_html

from subscriptions import audit
from subscriptions.admin.base import ReadOnlyAdmin, breakable
from subscriptions.admin.filters import SelectFilter, dates
from subscriptions.admin.large_tables import IndexedList, LargeTableAdmin
from subscriptions.models import Subscriber

EVERYTHING, LOOKS = "all", "opened"  # values of the filter in addition to the flags
SAID_BY_ACTION = (f"{audit.OPENED}.", "Logged in.")


class FlagFilter(admin.FieldListFilter):
    """A filter by what was done. Without a choice it leaves out logins and opened pages, because they are many."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "action"
        values: Any = self.used_parameters.get(self.field_path)
        self.wanted = str(values[0]) if values else ""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        looks = Q(change_message__startswith=audit.OPENED)
        if self.wanted == EVERYTHING:
            return queryset
        if self.wanted == LOOKS:
            return queryset.filter(looks)
        if self.wanted:
            found = super().queryset(request, queryset)
            return queryset.none() if found is None else found.exclude(looks)
        return queryset.exclude(looks | Q(action_flag=audit.LOGIN))

    def expected_parameters(self) -> list[str | None]:
        return [self.field_path]

    def choices(self, changelist: Any) -> Iterator[Any]:
        choices = [("", "Changes and actions"), (EVERYTHING, "All"), *audit.FLAGS.items(), (LOOKS, "opened a page")]
        for value, text in choices:
            query = (
                changelist.get_query_string({self.field_path: value})
                if value
                else changelist.get_query_string(remove=[self.field_path])
            )
            yield {"selected": str(value) == self.wanted, "query_string": query, "display": text}


class KindFilter(SelectFilter):
    """A filter by the kind of row."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "kind"

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        """Return the kinds by name. Names of other apps' kinds are not unique, so each has its app."""
        choices: list[tuple[str, Any]] = super().field_choices(field, request, model_admin)
        return sorted(choices, key=lambda choice: choice[1])


class AuditList(IndexedList):
    """The log, with the addresses of its readers for staff who may view these."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        kind = ContentType.objects.get_for_model(Subscriber)
        about = {entry: int(entry.object_id) for entry in self.result_list if entry.content_type_id == kind.pk}
        if about and request.user.has_perm("subscriptions.view_subscriber"):
            addresses = dict(Subscriber.objects.filter(pk__in=about.values()).values_list("pk", "email"))
            for entry, reader in about.items():
                entry.address = addresses.get(reader, "")


@admin.register(LogEntry)
class AuditAdmin(ReadOnlyAdmin, LargeTableAdmin, admin.ModelAdmin[LogEntry]):
    empty_text = "No actions yet. What staff do in the admin and by commands is listed here."
    list_display = ["when", "who", "what", "target", "message"]
    list_display_links = ["when"]
    list_filter = [
        ("action_flag", FlagFilter),
        ("user", SelectFilter),
        ("content_type", KindFilter),
        ("action_time", dates("date")),
    ]
    search_fields = ["object_repr", "change_message"]
    search_help_text = "Words of the entry, or a reader’s uid."
    list_select_related = ["user", "content_type"]
    fields = ["when", "who", "what", "target", "message"]
    sortable_by = ["when"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AuditList

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @admin.display(ordering="pk", description="time")
    def when(self, entry: LogEntry) -> Any:
        return entry.action_time

    @admin.display(ordering="user", description="user")
    def who(self, entry: LogEntry) -> str:
        return entry.user.get_username()

    @admin.display(ordering="action_flag", description="action")
    def what(self, entry: LogEntry) -> str:
        if entry.get_change_message().startswith(audit.OPENED):
            return "opened the page"
        return audit.FLAGS.get(entry.action_flag, "")

    @admin.display(description="on")
    def target(self, entry: LogEntry) -> str:
        """Return the row, as a link if it has a page and is not deleted."""
        kind = entry.content_type.name if entry.content_type else ""
        try:
            page = None if entry.is_deletion() else entry.get_admin_url()
        except NoReverseMatch:
            page = None
        address = getattr(entry, "address", "")
        shown = breakable(address) if address else entry.object_repr
        name = format_html('<a href="{}">{}</a>', page, shown) if page else shown
        says_kind = shown.casefold().startswith(kind.casefold())  # such as “reader 0d518029-…”
        return name if says_kind else format_html("{}<p>{}</p>", name, kind)

    @admin.display(description="detail")
    def message(self, entry: LogEntry) -> str:
        """Return the message, unless the action says the same."""
        message = entry.get_change_message()
        return "" if message in SAID_BY_ACTION else message
