"""The suppression list. Addresses are not stored, so staff find, suppress and unsuppress an address by typing it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from subscriptions.admin.base import FindsAddressesAdmin, SuppressesAdmin
from subscriptions.forms import AddressField
from subscriptions.models import Suppression
from subscriptions.readers import lifecycle


class SuppressionForm(forms.ModelForm[Suppression]):
    address = AddressField()

    class Meta:
        model = Suppression
        fields: list[str] = []


class SuppressionAdmin(FindsAddressesAdmin, SuppressesAdmin, admin.ModelAdmin[Suppression]):
    """The suppression list. The digest app registers it, with an action that may become a job."""

    empty_text = "No address yet. Hard bounces and complaints add them, and you can."
    form = SuppressionForm
    list_display = ["address_hash", "reason", "created_at"]
    list_filter = ["reason", "created_at"]
    search_fields = ["address_hash"]
    search_help_text = "A whole email address, or the beginning of its hash."

    def get_fields(self, request: HttpRequest, obj: Suppression | None = None) -> Any:
        return ["address_hash", "reason", "created_at"] if obj else ["address"]

    def has_change_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        return False  # the reader's row would stay suppressed: the action changes both

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:
        by = request.user.get_username()
        obj.pk = lifecycle.suppress(form.cleaned_data["address"], Suppression.Reason.ADMIN, by=by).pk
        obj.refresh_from_db()
