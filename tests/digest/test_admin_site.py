"""What there is in the admin, and in which order."""

import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client

from digest.admin_site import GROUPS, LAST

pytestmark = pytest.mark.django_db


def groups(client: Client, path: str = "/admin/") -> dict[str, list[str]]:
    shown: list[dict[str, Any]] = client.get(path).context["available_apps"]
    return {group["name"]: [model["object_name"] for model in group["models"]] for group in shown}


def test_it_groups_what_people_work_with_and_puts_all_else_last(admin_client: Client) -> None:
    found = groups(admin_client)
    assert list(found) == [*GROUPS, LAST]
    assert found["Readers"][0] == "Subscriber"
    assert found["Sending"][0] == "Delivery"
    assert {"Shard", "Turn", "Validator", "Vector", "Mark", "Allowance", "PaperAlias"} <= set(found[LAST])
    assert sum(map(len, found.values())) == len(admin.site._registry)


def test_each_model_of_a_group_exists() -> None:
    known = {model._meta.object_name for model in apps.get_models()}
    assert {name for members in GROUPS.values() for name in members} <= known


def test_the_last_group_is_closed_until_something_in_it_is_looked_at(admin_client: Client) -> None:
    closed = re.compile(r'<details class="machinery">')
    assert closed.search(admin_client.get("/admin/digest/paper/").content.decode())
    page = admin_client.get("/admin/digest/shard/").content.decode()
    assert not closed.search(page)
    assert '<details class="machinery" open>' in page


def test_it_shows_no_group_of_which_a_user_may_see_nothing(client: Client) -> None:
    editor = User.objects.create_user("editor", is_staff=True)
    editor.user_permissions.add(Permission.objects.get(codename="view_paper"))
    client.force_login(editor)
    assert groups(client) == {"Papers": ["Paper"]}


def test_the_page_of_one_app_is_as_django_has_it(admin_client: Client) -> None:
    page = admin_client.get("/admin/subscriptions/")
    assert [app["app_label"] for app in page.context["app_list"]] == ["subscriptions"]
