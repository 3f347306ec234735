"""The actions of the admin: their permissions and their log entries."""

import datetime as dt
from typing import Any

import pytest
from celery.app.task import Task
from django.apps import apps
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_otp.plugins.otp_totp.models import TOTPDevice

from digest.api import tokens
from digest.models import Delivery, Edition, Pause, Shard, WebhookEndpoint, WebhookMessage
from subscriptions import audit
from subscriptions.models import Subscriber, Topic
from subscriptions.readers import lifecycle
from tests.conftest import NOW, TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rows")]
ADMINS: list[Any] = list(admin.site._registry.values())
ACTIONS = [(page, name) for page in ADMINS for _, name, _ in page._get_base_actions() if name != "delete_selected"]


@pytest.fixture
def rows(edition: Edition, alice: Subscriber, bob: Subscriber, charlie: Subscriber, vision: Topic) -> None:
    """Make rows for each action: a suppressed reader, failed and uncertain deliveries, a pause, and a task."""
    lifecycle.suppress(charlie.email, "bounced")
    earlier = Edition.objects.create(day=TODAY - dt.timedelta(days=1), published_at=NOW)
    times = {"queued_at": NOW, "not_before": NOW}
    for reader, status in ((alice, "failed"), (bob, "uncertain"), (charlie, "skipped")):
        Delivery.objects.create(edition=edition, subscriber=reader, status=status, **times)
    queued = Delivery.objects.create(edition=earlier, subscriber=alice, **times)
    Shard.objects.create(edition=earlier, first=queued.pk, last=queued.pk, size=1, made_at=NOW, not_before=NOW)
    Pause.objects.create(reason="The server refuses everything", began_at=NOW, probe_at=NOW)
    every_day = IntervalSchedule.objects.create(every=1, period="days")
    PeriodicTask.objects.create(name="send", task="digest.tasks.send_due_digests", interval=every_day)
    Group.objects.create(name="Editors")
    TOTPDevice.objects.create(user=User.objects.create_user("ida", is_staff=True), name="phone")
    tokens.make("a program", ["readers:read"], by="ada", now=NOW)
    values = {"url": "https://127.0.0.1/", "secret": "whsec_", "created_at": NOW}
    endpoint = WebhookEndpoint.objects.create(name="a program", **values)
    WebhookMessage.objects.create(endpoint=endpoint, event="test", made_at=NOW)


@pytest.fixture(autouse=True)
def queued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that were sent to workers."""
    found: list[str] = []
    monkeypatch.setattr(Task, "apply_async", lambda task, *args, **kwargs: found.append(task.name))
    return found


@pytest.fixture
def looker(client: Client) -> Client:
    """Log in a staff user who may view everything but change nothing."""
    user = User.objects.create_user("looker", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    return client


def run(client: Client, page: ModelAdmin[Any], action: str) -> int:
    """Run the action on all rows, confirm it, and return the status."""
    chosen = [row.pk for row in page.model._base_manager.all()]
    address = reverse(f"admin:{page.model._meta.app_label}_{page.model._meta.model_name}_changelist")
    return client.post(address, {"action": action, "_selected_action": chosen, "post": "yes"}).status_code


def everything() -> dict[type[Model], list[Any]]:
    kept = [model for model in apps.get_models() if model is not Session]
    return {model: list(model._base_manager.order_by("pk").values()) for model in kept}


def test_staff_who_may_only_view_change_nothing_by_any_action(looker: Client, queued: list[str]) -> None:
    before = everything()
    for page in ADMINS:
        for _, action, _ in page._get_base_actions():
            assert run(looker, page, action) in (200, 302, 403), (page, action)
            assert everything() == before, (page, action)
    assert queued == []


@pytest.mark.parametrize("right", ["change_periodictask", "delete_periodictask"])
def test_staff_run_tasks_with_the_permission_to_change_them(looker: Client, queued: list[str], right: str) -> None:
    User.objects.get(username="looker").user_permissions.add(Permission.objects.get(codename=right))
    page = admin.site.get_model_admin(PeriodicTask)
    run(looker, page, "run_tasks")
    run(looker, page, "disable_tasks")
    may = right == "change_periodictask"
    assert queued == ["digest.tasks.send_due_digests"] * may
    assert PeriodicTask.objects.get(name="send").enabled is not may


@pytest.mark.parametrize(("page", "action"), ACTIONS, ids=lambda one: getattr(one, "__name__", str(one)))
def test_every_action_is_logged_with_who_ran_it(
    admin_client: Client, admin_user: User, page: ModelAdmin[Any], action: str
) -> None:
    run(admin_client, page, action)
    entries = LogEntry.objects.exclude(action_flag=audit.LOGIN)
    assert entries
    assert {entry.user for entry in entries} == {admin_user}
    assert all(entry.get_change_message() for entry in entries)


@pytest.mark.parametrize(
    ("model", "action", "message", "readers"),
    [
        (Subscriber, "unsubscribe", "Unsubscribed.", ["alice", "bob"]),
        (Subscriber, "suppress", "Suppressed.", ["alice", "bob"]),
        (Subscriber, "lift", "Unsuppressed.", ["charlie"]),
        (Subscriber, "delete_selected", "Deleted.", ["alice", "bob", "charlie"]),
    ],
)
def test_the_log_names_the_readers_and_what_was_done(
    admin_client: Client, model: type[Model], action: str, message: str, readers: list[str]
) -> None:
    names = {f"reader {reader.uid}": reader.email for reader in Subscriber.objects.all()}
    run(admin_client, admin.site.get_model_admin(model), action)
    found = LogEntry.objects.values_list("object_repr", "change_message")
    assert sorted((names[reader], text) for reader, text in found) == [
        (f"{name}@example.org", message) for name in readers
    ]


def test_a_large_selection_is_logged_in_batches(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscriptions.audit.ROWS_AT_ONCE", 1)
    run(admin_client, admin.site.get_model_admin(Subscriber), "suppress")
    assert LogEntry.objects.filter(change_message="Suppressed.").count() == 2
