"""What the rooms of the admin have in common."""

from typing import Any

from django.db.models import Field, Model, QuerySet
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


class TellsChangesAdmin:
    """Its page carries what stood in each box, so that a change is one to what was seen, not to what stands there now.

    For pages and inlines. A field that a form declares itself takes `show_hidden_initial=True`.
    """

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_dbfield(db_field, request, **{"show_hidden_initial": True} | kwargs)  # type: ignore[misc]


class SavesChangesAdmin(TellsChangesAdmin):
    """Saves what was typed, and nothing else: readers and machines write to the same rows while a page is open."""

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """To be saved: as it is now, and stays until it is."""
        found = super().get_object(request, *args, **kwargs)  # type: ignore[misc]
        if found and request.method == "POST":
            found.refresh_from_db(from_queryset=type(found)._base_manager.select_for_update())
        return found

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        obj.save(update_fields=form.changed_data if change else None)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.save(commit=False)
        for row, names in formset.changed_objects:
            row.save(update_fields=names)
        for row in formset.new_objects:
            row.save()
        for row in formset.deleted_objects:
            row.delete()


class OwnsALogAdmin:
    """What has a log that nobody may delete, and that goes with it all the same."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        rows, counts, _, protected = super().get_deleted_objects(objs, request)  # type: ignore[misc]
        return rows, counts, set(), protected


class SuppressesAdmin:
    """Where addresses are suppressed and lifted: whoever may add suppressions, or delete them, wherever it is done."""

    def has_suppress_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.add_suppression")

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.delete_suppression")


class FindsAddressesAdmin:
    """What knows addresses by their hashes alone, which are of whole addresses."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if "@" in search_term:
            return queryset.filter(address_hash=address_hash(search_term)), False
        found: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        return found
