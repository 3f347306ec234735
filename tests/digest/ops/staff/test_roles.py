"""The ready-made groups of staff."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import Client

from digest.models import Edition, StaffRole
from digest.ops.staff import roles
from digest.ops.staff.roles import EDITOR, OPERATOR, VIEWER
from subscriptions.models import Subscriber

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def groups() -> None:
    roles.sync()


def rights(name: str) -> set[str]:
    found = Permission.objects.filter(group__name=name)
    return {f"{one.content_type.app_label}.{one.codename}" for one in found.select_related("content_type")}


def test_a_migration_makes_them() -> None:
    Group.objects.all().delete()
    StaffRole.objects.all().delete()
    call_command("migrate", verbosity=0)
    assert set(Group.objects.values_list("name", flat=True)) >= {EDITOR, OPERATOR, VIEWER}


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (
            EDITOR,
            ["digest.change_paper", "digest.change_edition", "subscriptions.add_topic", "subscriptions.change_brand"],
            ["subscriptions.view_subscriber", "digest.change_pause", "digest.change_source", "auth.view_user"],
        ),
        (
            OPERATOR,
            ["digest.change_source", "digest.change_pause", "subscriptions.change_subscriber", "digest.view_job",
             "subscriptions.add_suppression", "django_celery_beat.change_periodictask", "admin.view_logentry"],
            ["digest.change_paper", "subscriptions.change_brand", "auth.change_user", "auth.change_group"],
        ),
        (
            VIEWER,
            ["digest.view_paper", "digest.view_dailytotal", "digest.view_pause", "subscriptions.view_topic"],
            ["subscriptions.view_subscriber", "digest.view_delivery", "subscriptions.view_consent", "auth.view_user"],
        ),
    ],
)  # fmt: skip
def test_each_has_what_its_work_needs(role: str, may: list[str], may_not: list[str]) -> None:
    found = rights(role)
    assert set(may) <= found
    assert not set(may_not) & found


def test_a_viewer_changes_nothing() -> None:
    assert {right for right in rights(VIEWER) if ".view_" not in right} == set()


def test_none_may_change_accounts_or_secrets() -> None:
    for role in roles.ABOUT:
        assert not {right for right in rights(role) if right.startswith(("auth.", "otp_totp.", "sessions."))}
        assert not {right for right in rights(role) if right.endswith(("recoverycode", "staffrole"))}


def test_what_an_admin_added_or_removed_stays() -> None:
    group = Group.objects.get(name=EDITOR)
    extra, removed = (Permission.objects.get(codename=name) for name in ("view_subscriber", "change_brand"))
    group.permissions.add(extra)
    group.permissions.remove(removed)
    roles.sync()
    assert "subscriptions.view_subscriber" in rights(EDITOR)
    assert "subscriptions.change_brand" not in rights(EDITOR)


def test_a_permission_of_a_new_version_is_added() -> None:
    role = StaffRole.objects.get(name=OPERATOR)
    role.given.remove("digest.view_source")
    role.save()
    Group.objects.get(name=OPERATOR).permissions.remove(Permission.objects.get(codename="view_source"))
    roles.sync()
    assert "digest.view_source" in rights(OPERATOR)


def test_a_deleted_group_does_not_return() -> None:
    Group.objects.get(name=VIEWER).delete()
    roles.sync()
    assert not Group.objects.filter(name=VIEWER).exists()


def test_a_group_of_the_same_name_gets_no_permission_unasked() -> None:
    StaffRole.objects.all().delete()
    Group.objects.all().delete()
    Group.objects.create(name=EDITOR)
    roles.sync()
    assert rights(EDITOR) == set()
    assert "digest.change_paper" in rights("Editor (ready-made)")


def test_a_viewer_sees_no_address_anywhere(client: Client, edition: Edition, alice: Subscriber) -> None:
    user = User.objects.create_user("vera", is_staff=True)
    user.groups.add(Group.objects.get(name=VIEWER))
    client.force_login(user)
    for group in client.get("/admin/").context["available_apps"]:
        for model in group["models"]:
            assert alice.email not in client.get(model["admin_url"]).content.decode()
    assert client.get(f"/admin/subscriptions/subscriber/{alice.pk}/change/").status_code == 403
