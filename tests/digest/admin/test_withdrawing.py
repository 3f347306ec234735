"""Actions that skip what is queued, count it as sent, or begin again: of deliveries, readers and editions."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from digest.delivery import planner
from digest.models import Delivery, Edition, Job
from digest.ops.jobs import runner
from subscriptions.models import Subscriber
from tests.conftest import NOW, make_reader

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now", "queued")]
LISTS = {"delivery": "digest/delivery", "edition": "digest/edition", "reader": "subscriptions/subscriber"}


@pytest.fixture
def queued(edition: Edition) -> None:
    for number in range(3):
        make_reader(f"reader-{number}@example.org")
    planner.plan_everyone(edition, now=NOW)


def act(client: Client, name: str, action: str, *rows: Any, **more: str) -> str:
    form = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return str(client.post(f"/admin/{LISTS[name]}/", form | more, follow=True).content.decode())


def statuses() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("status", flat=True))


@pytest.mark.parametrize(("action", "status"), [("skip", "skipped"), ("count_as_sent", "sent")])
def test_chosen_deliveries_are_withdrawn_after_a_page_that_says_how_many(
    admin_client: Client, action: str, status: str
) -> None:
    first, second, _ = Delivery.objects.order_by("pk")
    assert "<strong>2 deliveries</strong> selected." in act(admin_client, "delivery", action, first, second)
    assert statuses() == ["queued"] * 3
    page = act(admin_client, "delivery", action, first, second, post="yes")
    assert "2 " in page
    assert statuses() == [status, status, "queued"]
    assert "by admin." in Delivery.objects.get(pk=first.pk).reason
    assert "1 skipped: not queued." in act(admin_client, "delivery", action, first, post="yes")


@pytest.mark.parametrize(("action", "status"), [("skip_queued", "skipped"), ("count_as_sent", "sent")])
def test_what_is_queued_for_a_reader_is_withdrawn(admin_client: Client, action: str, status: str) -> None:
    reader = Subscriber.objects.order_by("pk")[0]
    assert "<strong>1 reader</strong> selected." in act(admin_client, "reader", action, reader)
    act(admin_client, "reader", action, reader, post="yes")
    assert statuses() == [status, "queued", "queued"]
    assert "nothing is queued for them" in act(admin_client, "reader", action, reader, post="yes")


@pytest.mark.parametrize(("action", "status"), [("skip_queued", "skipped"), ("count_as_sent", "sent")])
def test_what_is_queued_of_an_edition_is_withdrawn_by_a_job(
    admin_client: Client, edition: Edition, action: str, status: str
) -> None:
    Delivery.objects.filter(pk=Delivery.objects.order_by("pk")[0].pk).update(status="failed")
    assert "<strong>2 queued digests</strong> selected." in act(admin_client, "edition", action, edition)
    assert not Job.objects.exists()
    act(admin_client, "edition", action, edition, post="yes")
    runner.run_pending()
    assert statuses() == ["failed", status, status]
    job = Job.objects.get()
    assert (job.state, job.done, job.total) == ("done", 2, 2)
    assert LogEntry.objects.filter(content_type__model="edition", change_message__endswith="what was queued.").exists()


def test_beginning_again_queues_what_failed_or_was_skipped_and_nothing_else(
    admin_client: Client, edition: Edition
) -> None:
    failed, skipped, sent = Delivery.objects.order_by("pk")
    Delivery.objects.filter(pk=failed.pk).update(status="failed", attempts=9)
    Delivery.objects.filter(pk=skipped.pk).update(status="skipped", reason="late")
    Delivery.objects.filter(pk=sent.pk).update(status="sent", sent_at=NOW)
    page = act(admin_client, "edition", "begin_again", edition)
    assert "<strong>2 digests</strong> selected. They are queued as if for the first time" in page
    act(admin_client, "edition", "begin_again", edition, post="yes")
    runner.run_pending()
    assert statuses() == ["queued", "queued", "sent"]
    assert Delivery.objects.get(pk=failed.pk).attempts == 0


def test_none_of_it_is_possible_without_permission(client: Client, edition: Edition) -> None:
    user = User.objects.create_user("looker", is_staff=True)
    rights = ["view_delivery", "view_edition", "view_subscriber", "change_edition", "change_subscriber"]
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(user)
    act(client, "delivery", "skip", Delivery.objects.all()[0], post="yes")
    act(client, "edition", "skip_queued", edition, post="yes")
    act(client, "reader", "count_as_sent", Subscriber.objects.all()[0], post="yes")
    runner.run_pending()
    assert statuses() == ["queued"] * 3
