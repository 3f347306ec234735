"""The pages of staff accounts: who may touch which, and the help after a lost phone."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from digest.ops.staff import roles

pytestmark = pytest.mark.django_db
LIST = "/admin/auth/user/"


@pytest.fixture
def eve(db: None) -> User:
    """A member of staff who manages accounts, and is no superuser."""
    user = User.objects.create_user("eve", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    return user


@pytest.fixture
def ada(db: None) -> User:
    user = User.objects.create_superuser("ada")
    TOTPDevice.objects.create(user=user, name="phone")
    return user


def run(client: Client, action: str, *users: User) -> str:
    form = {"action": action, "_selected_action": [user.pk for user in users]}
    return client.post(LIST, form, follow=True).content.decode()


def test_the_list_says_who_has_a_second_factor(admin_client: Client, ada: User) -> None:
    page = admin_client.get(LIST).content.decode()
    assert page.count('is-good">on</span>') == 1
    assert page.count(">off</span>") == 1


def test_an_admin_removes_the_second_factor_of_another(admin_client: Client, ada: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(ada)
    assert "Done for 1." in run(admin_client, "remove_second_factor", ada)
    assert not TOTPDevice.objects.exists()
    assert elsewhere.get("/admin/account/").status_code == 302
    assert LogEntry.objects.get().change_message == "Removed the second factor."


def test_an_admin_logs_another_out(admin_client: Client, eve: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(eve)
    run(admin_client, "log_out", eve)
    assert elsewhere.get("/admin/account/").status_code == 302
    assert admin_client.get("/admin/account/").status_code == 200


@pytest.mark.parametrize("action", ["remove_second_factor", "log_out"])
def test_only_superusers_touch_superusers(client: Client, eve: User, ada: User, action: str) -> None:
    client.force_login(eve)
    assert "1 skipped" in run(client, action, ada)
    assert TOTPDevice.objects.exists()
    form = {"password1": "another long password", "password2": "another long password", "usable_password": "true"}
    assert client.post(f"{LIST}{ada.pk}/password/", form).status_code == 403
    assert client.post(f"{LIST}{ada.pk}/change/", {"username": "ada"}).status_code == 403
    assert client.post(f"{LIST}{ada.pk}/delete/", {"post": "yes"}).status_code == 403


def test_only_superusers_hand_out_rights(client: Client, eve: User) -> None:
    client.force_login(eve)
    group = Group.objects.create(name="All")
    form: dict[str, Any] = {"username": "eve", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    form |= {"groups": [group.pk], "user_permissions": list(Permission.objects.values_list("pk", flat=True))}
    assert client.post(f"{LIST}{eve.pk}/change/", form).status_code == 302
    eve.refresh_from_db()
    assert not eve.is_superuser
    assert not eve.groups.exists()
    assert not eve.has_perm("digest.change_paper")
    assert client.post(f"/admin/auth/group/{group.pk}/change/", {"name": "Mine"}).status_code == 403


def test_the_page_explains_the_ready_made_groups(admin_client: Client, eve: User) -> None:
    page = admin_client.get(f"{LIST}{eve.pk}/change/").content.decode()
    assert all(about in page for about in roles.ABOUT.values())


def test_the_page_says_whether_there_is_a_password_and_shows_nothing_of_it(admin_client: Client, eve: User) -> None:
    page = admin_client.get(f"{LIST}{eve.pk}/change/").content.decode()
    assert "None: the account can’t log in" in page
    eve.set_password("correct horse battery staple")
    eve.save()
    page = admin_client.get(f"{LIST}{eve.pk}/change/").content.decode()
    assert "<strong>Set</strong>" in page
    _, salt, digest = eve.password.rsplit("$", 2)
    assert salt not in page
    assert digest[:6] not in page


def test_rights_are_boxes_to_tick(admin_client: Client, eve: User) -> None:
    editor = Group.objects.get(name="Editor")
    page = admin_client.get(f"{LIST}{eve.pk}/change/").content.decode()
    assert f'type="checkbox" name="groups" value="{editor.pk}"' in page
    right = Permission.objects.get(codename="view_delivery")
    form = {"username": "eve", "is_active": "on", "groups": [editor.pk], "user_permissions": [right.pk]}
    assert admin_client.post(f"{LIST}{eve.pk}/change/", form).status_code == 302
    assert list(eve.groups.all()) == [editor]
    assert list(eve.user_permissions.all()) == [right]


def test_keys_of_apps_are_not_shown(admin_client: Client, ada: User) -> None:
    assert admin_client.get("/admin/otp_totp/totpdevice/").status_code == 404


@pytest.mark.parametrize("path", ["group/add/", "user/{pk}/change/"])
def test_permissions_are_grouped_as_in_the_navigation(
    admin_client: Client, ada: User, path: str, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(15):
        page = admin_client.get(f"/admin/auth/{path.format(pk=ada.pk)}").content.decode()
    table = page.partition('class="permissions"')[2]
    expected = [">Papers</p>", ">Editions</span>", ">Readers</p>", ">Internals</p>"]
    assert sorted(expected, key=table.index) == expected
    assert table.count('type="checkbox"') == Permission.objects.count()


def test_a_group_keeps_the_permissions_that_are_ticked(admin_client: Client) -> None:
    chosen = Permission.objects.filter(codename__in=["view_paper", "change_paper"])
    form = {"name": "Curators", "permissions": [permission.pk for permission in chosen]}
    assert admin_client.post("/admin/auth/group/add/", form).status_code == 302
    group = Group.objects.get(name="Curators")
    assert set(group.permissions.all()) == set(chosen)
    page = admin_client.get(f"/admin/auth/group/{group.pk}/change/").content.decode()
    assert page.count(" checked>") == 2


def test_its_pages_speak_of_staff_accounts(admin_client: Client) -> None:
    shown = admin_client.get("/admin/auth/user/").content.decode()
    assert "Add staff account" in shown
    assert "Add user" not in shown
    assert "<h1>Add staff account</h1>" in admin_client.get("/admin/auth/user/add/").content.decode()
    page = admin_client.get(f"/admin/auth/user/{User.objects.get().pk}/change/").content.decode()
    assert "Superuser status" not in page
    assert "Change user" not in page


def test_the_list_of_groups_says_what_each_may_do_and_who_is_in_it(admin_client: Client) -> None:
    curators = Group.objects.create(name="Curators")
    curators.permissions.add(Permission.objects.get(codename="view_paper"))
    User.objects.create_user("ada", is_staff=True).groups.add(curators)
    page = admin_client.get("/admin/auth/group/").content.decode()
    assert "Decides what readers see: papers, editions" in page
    assert '<td class="field-about">1 permission.</td>' in page
    assert f'<a href="/admin/auth/user/?groups__id__exact={curators.pk}">1</a>' in page
