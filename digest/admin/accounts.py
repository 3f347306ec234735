"""Accounts of staff and their groups. Only superusers grant permissions, and only they can change other superusers."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import ReadOnlyPasswordHashField, ReadOnlyPasswordHashWidget, UserChangeForm
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.forms import CheckboxSelectMultiple
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django_otp.plugins.otp_totp import admin as otp_admin  # noqa: F401  # its import registers the page to remove
from django_otp.plugins.otp_totp.models import TOTPDevice

from digest import admin_navigation
from digest.email.formatting import count
from digest.ops.staff import roles, second_factor, sessions
from subscriptions.admin.base import LooksAtRelatedAdmin, log_action
from subscriptions.admin.filters import titled
from subscriptions.pills import pill

VERBS = ("view", "add", "change", "delete")
GRANTED_BY_SUPERUSERS = ("is_superuser", "groups", "user_permissions")

admin.site.unregister(TOTPDevice)  # its page shows keys
admin.site.unregister(User)
admin.site.unregister(Group)


class PasswordState(ReadOnlyPasswordHashWidget):
    """The state of a password without its hash, and the button that sets one."""

    def get_context(self, name: str, value: Any, attrs: Any) -> Any:
        context = super().get_context(name, value, attrs)
        has_password = value and not value.startswith(UNUSABLE_PASSWORD_PREFIX)
        return context | {"summary": [{"label": "Set" if has_password else "None: the account can’t log in"}]}


class AccountForm(UserChangeForm[User]):
    password = ReadOnlyPasswordHashField(widget=PasswordState)

    class Meta(UserChangeForm.Meta):
        labels = {"is_staff": "Opens the admin", "is_superuser": "Superuser", "user_permissions": "Permissions"}
        help_texts = {
            "username": "",
            "is_active": "Can log in. Untick it instead of deleting the account.",
            "is_staff": "Can open this admin, with the permissions below.",
            "is_superuser": "Can do everything. Only superusers can grant permissions.",
        }


class PermissionRow(NamedTuple):
    """The permissions of one model: a row of checkboxes under the name that the navigation has for its list."""

    group: str
    name: str


class PermissionTable(CheckboxSelectMultiple):
    """Permissions by the groups of the navigation, a row for each model."""

    template_name = "admin/permissions.html"

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> list[Any]:
        choices: Any = self.choices  # Django's own, one for each permission
        return CheckboxSelectMultiple(self.attrs, _permission_rows(choices.queryset)).optgroups(name, value, attrs)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        return super().render(name, value, attrs, TemplatesSetting())  # it finds the templates of this project


class PermissionCheckboxesAdmin:
    """Groups and permissions as checkboxes, each with what it allows."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]
        is_group = db_field.related_model is Group
        field.help_text = ""
        if is_group:
            field.widget, field.label_from_instance = CheckboxSelectMultiple(), _about_group
        else:
            field.widget = PermissionTable()
        field.widget.choices = field.choices
        return field


def _permission_rows(permissions: Iterable[Permission]) -> list[tuple[PermissionRow, list[tuple[int, str]]]]:
    """Return the permissions of each model, in the order of the navigation."""
    rows: dict[PermissionRow, list[tuple[int, Permission]]] = {}
    for permission in permissions:
        model = permission.content_type.model_class()
        if model is not None:  # the table of a package that was removed
            row = PermissionRow(admin_navigation.group_name(model._meta), admin_navigation.list_name(model._meta))
            verb = permission.codename.partition("_")[0]
            rows.setdefault(row, []).append((VERBS.index(verb) if verb in VERBS else len(VERBS), permission))
    groups = [*admin_navigation.GROUPS, admin_navigation.LAST]
    return [
        (row, [(each.pk, _about_permission(each)) for _, each in sorted(rows[row], key=lambda one: one[0])])
        for row in sorted(rows, key=lambda row: (groups.index(row.group), row.name))
    ]


def _about_permission(permission: Permission) -> str:
    """Return what the permission allows: a verb, or the name that the model gives it."""
    verb = permission.codename.partition("_")[0]
    return capfirst(verb if verb in VERBS else permission.name.removeprefix("Can "))


def _about_group(group: Group) -> str:
    about = roles.ABOUT.get(group.name)
    return format_html("<strong>{}</strong> {}.", group.name, about) if about else group.name


@admin.register(User)
class AccountAdmin(LooksAtRelatedAdmin, PermissionCheckboxesAdmin, UserAdmin[User]):
    form = AccountForm
    show_facets = admin.ShowFacets.NEVER  # a query for each value of each filter
    list_display = ["username", "name", "role", "second_factor", "last_login"]
    list_filter = [
        ("is_superuser", titled(admin.BooleanFieldListFilter, "superuser")),
        ("is_staff", titled(admin.BooleanFieldListFilter, "opens the admin")),
        "is_active",
        "groups",
    ]
    actions = ["remove_second_factor", "log_out"]
    fieldsets = [
        (None, {"fields": ["username", "password", "second_factor"]}),
        ("Person", {"fields": [("first_name", "last_name"), "email"]}),
        ("Permissions", {"fields": [("is_active", "is_staff", "is_superuser"), "groups"]}),
        ("Individual permissions", {"fields": ["user_permissions"], "classes": ["collapse"]}),
        ("Dates", {"fields": [("last_login", "date_joined")]}),
    ]
    readonly_fields = ["second_factor", "last_login", "date_joined"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        devices = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        return super().get_queryset(request).prefetch_related("groups").annotate(has_factor=Exists(devices))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        own = () if request.user.is_superuser else GRANTED_BY_SUPERUSERS
        return (*super().get_readonly_fields(request, obj), *own)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        title = "Staff account" if kwargs.get("obj") else "Add staff account"
        return super().render_change_form(request, context | {"title": title}, *args, **kwargs)

    @admin.display(ordering="first_name")
    def name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(ordering="is_superuser")
    def role(self, user: User) -> str:
        """Return "superuser", or the groups."""
        if not user.is_active:
            return "none: not active"
        if not user.is_staff:
            return "none: not staff"
        return "superuser" if user.is_superuser else ", ".join(group.name for group in user.groups.all())

    @admin.display(description="second factor", ordering="has_factor")
    def second_factor(self, user: User) -> str:
        return pill("active", "on") if getattr(user, "has_factor", False) else pill("off")

    @admin.action(description="Remove the second factor of the selected accounts", permissions=["change"])
    def remove_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        users = [user for user in queryset if _may_touch(request, user) and second_factor.device_of(user)]
        log_action(request, users, "Removed the second factor.")
        for user in users:
            second_factor.remove(user)
            sessions.end_all(user)
        self._say(request, len(users), len(queryset), "They log in with the password alone, and can set it up again.")

    @admin.action(description="Log the selected accounts out everywhere", permissions=["change"])
    def log_out(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        users = [user for user in queryset if _may_touch(request, user)]
        log_action(request, users, "Logged out everywhere.")
        for user in users:
            sessions.end_all(user, keep=request.session.session_key)
        self._say(request, len(users), len(queryset), "They must log in again.")

    def _say(self, request: HttpRequest, done: int, chosen: int, what: str) -> None:
        if done:
            self.message_user(request, f"Done for {done}. {what}")
        if done < chosen:
            skipped = f"{chosen - done} skipped: superusers, or accounts without a second factor."
            self.message_user(request, skipped, messages.WARNING)


@admin.register(Group)
class StaffGroupAdmin(PermissionCheckboxesAdmin, GroupAdmin):
    """Groups. Only superusers may change them: anyone else could grant themselves every permission."""

    list_display = ["name", "about", "accounts"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        counts = {"members": Count("user", distinct=True), "rights": Count("permissions", distinct=True)}
        return super().get_queryset(request).annotate(**counts)

    @admin.display(description="what its members do")
    def about(self, group: Any) -> str:
        """Return what a ready-made group does, or how many permissions another one has."""
        told = roles.ABOUT.get(group.name)
        return f"{capfirst(told)}." if told else f"{count(group.rights, 'permission')}."

    @admin.display(ordering="members")
    def accounts(self, group: Any) -> str:
        page = reverse("admin:auth_user_changelist")
        return format_html('<a href="{}?groups__id__exact={}">{}</a>', page, group.pk, group.members)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    return user is None or not user.is_superuser or bool(request.user.is_superuser)
