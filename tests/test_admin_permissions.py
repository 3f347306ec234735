"""Every page of the admin asks for its permission. The test finds the pages in the URLconf."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.http import HttpResponseForbidden
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.views import defaults

from digest.models import Edition, Job, Source
from subscriptions.models import Subscriber, Topic
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
# Pages for all staff: about their own account, or without any data.
FOR_ALL_STAFF = {
    "index",
    "app_list",  # names the models that the user may view
    "login",
    "logout",
    "jsi18n",
    "password_change",
    "password_change_done",
    "account",
    "second_factor_code",
    "second_factor_set_up",
}
RIGHT = "view_quietday"  # whose pages are the only other ones
OWN = {"digest_quietday_changelist", "digest_quietday_change", "digest_quietday_history"}
# Django's own pages of a model, which ask for the same permission whatever the method.
STANDARD = ("_changelist", "_add", "_change", "_delete", "_history")


@pytest.fixture(autouse=True)
def rows(edition: Edition, alice: Subscriber, hugging_face: Source, learning: Topic) -> None:
    """Rows that the pages are about, so that none answers 404 for want of one."""
    Job.objects.create(kind="unsubscribe_readers", created_by="ada", created_at=NOW)


def pages() -> Iterator[tuple[str, str]]:
    """Yield the name of each page of the admin, and its address with the keys of rows that exist."""
    (resolver,) = [one for one in get_resolver().url_patterns if getattr(one, "namespace", "") == "admin"]
    yield from _pages_below(resolver, "/admin/", None)


def _pages_below(resolver: Any, prefix: str, model: Any) -> Iterator[tuple[str, str]]:
    for pattern in resolver.url_patterns:
        route = str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            label = ".".join(route.strip("/").split("/"))
            known = {one._meta.label_lower: one for one in admin.site._registry}
            yield from _pages_below(pattern, prefix + route, known.get(label, model))
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield pattern.name, prefix + _filled(route, model)


def methods_of(name: str) -> tuple[str, ...]:
    return ("get",) if name.endswith(STANDARD) else ("get", "post")


def _filled(route: str, model: Any) -> str:
    """Return the path of a route: a row's key in place of each parameter."""
    row = model and model._base_manager.first()
    key = str(row.pk) if row else "1"
    if route.startswith("^"):
        route = "digest/"  # the page of an app
    return re.sub(r"<[^>]+>", key, route)


@pytest.fixture
def clerk(client: Client) -> Client:
    """A member of staff with a single permission."""
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename=RIGHT))
    client.force_login(user)
    return client


def test_it_finds_the_pages() -> None:
    names = {name for name, _ in pages()}
    assert len(names) > 150
    assert names >= FOR_ALL_STAFF | OWN
    assert {"subscriptions_subscriber_today", "digest_job_cancel", "auth_user_password_change"} <= names


def test_staff_with_one_permission_get_403_everywhere_else(clerk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = {}
    monkeypatch.setattr(defaults, "permission_denied", lambda *_: HttpResponseForbidden())  # quicker than the page
    for name, address in pages():
        if name in FOR_ALL_STAFF | OWN:
            continue
        for method in methods_of(name):
            answer = getattr(clerk, method)(address)
            # Without a row of the model, its history leads back to the first page.
            has_no_row = name.endswith("_history") and answer.status_code == 302 and answer["Location"] == "/admin/"
            if answer.status_code not in (403, 405) and not has_no_row:
                opened[f"{method} {address}"] = (name, answer.status_code)
    assert opened == {}


def test_strangers_get_the_login_page_everywhere(client: Client) -> None:
    opened = {}
    for name, address in pages():
        for method in methods_of(name):
            answer = getattr(client, method)(address)
            to_login = answer.status_code == 302 and answer["Location"].startswith("/admin/login/")
            if name not in {"login", "logout", "second_factor_code"} and not to_login:
                opened[f"{method} {address}"] = (name, answer.status_code)
    assert opened == {}


def test_a_superuser_can_open_them(admin_client: Client) -> None:
    """So the 403 of the others are due to their permissions, not to the addresses."""
    own = {name: address for name, address in pages() if not name.endswith(STANDARD) and name != "logout"}
    statuses = {name: admin_client.get(address).status_code for name, address in own.items()}
    assert {name for name, status in statuses.items() if status == 403 or status >= 500} <= {"autocomplete"}


def test_a_refusal_is_one_line_in_the_log_and_a_page_that_says_what_to_do(
    clerk: Client, caplog: pytest.LogCaptureFixture
) -> None:
    page = clerk.get("/admin/digest/paper/")
    assert page.status_code == 403
    assert "Your account lacks the permission." in page.content.decode()
    records = [record for record in caplog.records if "paper" in record.getMessage()]
    assert [record.getMessage() for record in records] == ["Forbidden: /admin/digest/paper/"]
    assert records[0].exc_info is None
