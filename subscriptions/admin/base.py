"""Mixins, forms and helpers that the admin pages share."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import (
    AutocompleteSelect,
    AutocompleteSelectMultiple,
    RelatedFieldWidgetWrapper,
)
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from subscriptions import audit
from subscriptions.admin.access_log import LogsOpeningAdmin, LogsSearchesAdmin
from subscriptions.email_addresses import address_hash


class RowForm(forms.ModelForm[Any]):
    """A table row. Its fields have no visible labels, so each gets an aria-label with its name and its row."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_fields()

    def label_fields(self) -> None:
        row = f": {self.instance}" if self.instance.pk else ""
        for name, field in self.fields.items():
            widget: Any = getattr(field.widget, "widget", field.widget)  # the admin wraps those of relations
            widget.attrs["aria-label"] = f"{field.label or name}{row}"


class RowFormSet(forms.BaseInlineFormSet[Any, Any, RowForm]):
    def add_fields(self, form: RowForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.label_fields()  # again: the delete box has been added


class EditsRowsAdmin:
    """A change list with editable fields."""

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().get_changelist_form(request, **{"form": RowForm} | kwargs)  # type: ignore[misc]


class DateAndTime(forms.SplitDateTimeWidget):
    """The browser's own boxes for a date and a time, each with an aria-label for screen readers."""

    def __init__(self) -> None:
        super().__init__(
            date_format="%Y-%m-%d",
            time_format="%H:%M:%S",
            date_attrs={"type": "date", "aria-label": "Date"},
            time_attrs={"type": "time", "step": "1", "aria-label": "Time"},
        )

    def render(self, *args: Any, **kwargs: Any) -> Any:
        return format_html('<span class="date-and-time">{}</span>', super().render(*args, **kwargs))


DATES_AND_TIMES: dict[Any, Any] = {
    models.DateField: {"widget": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})},
    models.DateTimeField: {"form_class": forms.SplitDateTimeField, "widget": DateAndTime},
}


class LooksAtRelatedAdmin:
    """Show a related row beside its field, without the links that add, change or delete it."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_add_related = field.widget.can_change_related = field.widget.can_delete_related = False
        return field


def breakable(address: str) -> str:
    """Return an email address that browsers break after the @ or before a dot of its domain, not within a word."""
    local, at, domain = address.rpartition("@")
    parts = [(part,) for part in f"{at}{domain}".split(".")]
    return format_html("{}<wbr>{}", local, format_html_join(mark_safe("<wbr>."), "{}", parts))


class NamesReaderAdmin(LogsSearchesAdmin, LogsOpeningAdmin):
    """A list with a column `reader`: the address of each row's subscriber."""

    @admin.display(ordering="subscriber__email")
    def reader(self, row: Any) -> str:
        return breakable(row.subscriber.email)


class ReadOnlyAdmin:
    """A log that staff can view and not change."""

    show_facets = admin.ShowFacets.NEVER  # a query for each value of each filter

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Show the link to the history only if an action of staff is in it."""
        row = kwargs.get("obj")
        context["has_no_history"] = row is not None and not audit.entries_of(row).exists()
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]


class TellsChangesAdmin:
    """Compare each field with the value that the page showed, not with the value that the row has now.

    For pages and inlines. A field that a form declares itself needs `show_hidden_initial=True`.
    """

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_dbfield(db_field, request, **{"show_hidden_initial": True} | kwargs)  # type: ignore[misc]


class IgnoresBadKeys:
    """Ignore values that can't be keys. Django's autocomplete boxes fail on them when shown again."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        return super().optgroups(name, [key for key in value if self._can_be_key(key)], attr)  # type: ignore[misc]

    def _can_be_key(self, key: Any) -> bool:
        try:
            column = self.choices.queryset.model._meta.pk  # type: ignore[attr-defined]
            column.run_validators(column.to_python(key))  # which also refuse numbers that are too large
        except ValidationError:
            return False
        return True


class SelectOfKeys(IgnoresBadKeys, AutocompleteSelect):
    """An autocomplete box for one row."""


class SelectOfManyKeys(IgnoresBadKeys, AutocompleteSelectMultiple):
    """An autocomplete box for several rows."""


class SavesChangesAdmin(TellsChangesAdmin):
    """Save only the fields that were changed: readers and workers write to the same rows while a page is open."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        site, names = self.admin_site, self.get_autocomplete_fields(request)  # type: ignore[attr-defined]
        if db_field.name in names:
            kwargs.setdefault("widget", SelectOfKeys(db_field, site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return the row; if it is about to be saved, read it again and lock it."""
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


def log_action(request: HttpRequest, rows: Iterable[Model], message: str, flag: int = audit.ACTION) -> None:
    """Log which user runs an action on `rows`, as the admin logs the user who saves a page.

    Call it before the action, so that no change is missing from the log if the process dies in between.
    """
    audit.record_rows(by=request.user, rows=rows, message=message, flag=flag)


class OwnsALogAdmin:
    """Allow deletion of rows that have a log: no user may delete log rows, but these go with their owner."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        rows, counts, _, protected = super().get_deleted_objects(objs, request)  # type: ignore[misc]
        return rows, counts, set(), protected


class SuppressesAdmin:
    """Tie the actions to permissions: suppressing to adding suppressions, and unsuppressing to deleting them."""

    def has_suppress_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.add_suppression")

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.delete_suppression")


class FindsAddressesAdmin(LogsSearchesAdmin):
    """Search by whole email address in a table that holds only hashes of addresses."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if "@" in search_term:
            return queryset.filter(address_hash=address_hash(search_term)), False
        found: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        return found
