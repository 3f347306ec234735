import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from digest.api.webhooks import message_queue
from digest.editions import publication
from digest.models import Edition, WebhookEndpoint, WebhookMessage
from subscriptions.models import Subscriber
from subscriptions.readers import lifecycle, personal_data
from tests.conftest import NOW, TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
Add = Callable[..., WebhookEndpoint]
ALL = ("reader.confirmed", "reader.unsubscribed", "reader.bounced", "edition.published")


def events() -> list[tuple[str, dict[str, str]]]:
    return list(WebhookMessage.objects.order_by("pk").values_list("event", "data"))


def test_each_step_of_a_reader_is_an_event(add_endpoint: Add, bob: Subscriber) -> None:
    add_endpoint(*ALL)
    lifecycle.confirm(bob, now=NOW)
    lifecycle.unsubscribe(bob, now=NOW)
    lifecycle.resubscribe(bob, now=NOW)
    lifecycle.suppress(bob.email, "bounced")
    personal_data.erase(bob)
    assert events() == [
        ("reader.confirmed", {}),
        ("reader.unsubscribed", {"reason": ""}),
        ("reader.confirmed", {}),
        ("reader.bounced", {"reason": "bounced"}),
        ("reader.unsubscribed", {"reason": "erased"}),
    ]


def test_a_complaint_is_not_a_bounce(add_endpoint: Add, alice: Subscriber) -> None:
    add_endpoint(*ALL)
    lifecycle.suppress(alice.email, "complained")
    assert events() == [("reader.unsubscribed", {"reason": "complained"})]


def test_an_edition_is_an_event_once_and_when_it_is_closed(add_endpoint: Add, edition: Edition) -> None:
    add_endpoint(*ALL)
    publication.publish(TODAY, now=NOW)  # it is closed already
    Edition.objects.update(closed_at=None)
    publication.publish(TODAY, now=NOW)
    publication.publish(TODAY, now=NOW)
    assert [event for event, _data in events()] == ["edition.published"]
    assert events()[0][1]["edition"] == str(TODAY)


def test_endpoints_get_only_the_events_that_they_chose(add_endpoint: Add, alice: Subscriber) -> None:
    add_endpoint("reader.confirmed")
    add_endpoint(*ALL, name="off", is_active=False)
    lifecycle.unsubscribe(alice, now=NOW)
    assert events() == []


def test_a_step_that_is_rolled_back_leaves_no_message(add_endpoint: Add, alice: Subscriber) -> None:
    add_endpoint(*ALL)
    with transaction.atomic():
        lifecycle.unsubscribe(alice, now=NOW)
        transaction.set_rollback(True)
    assert events() == []


def test_without_an_endpoint_an_event_costs_one_query(alice: Subscriber, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        message_queue.enqueue("reader.confirmed", [(alice.uid, {})], now=NOW)


def test_a_reader_sees_which_programs_got_messages_about_them(add_endpoint: Add, alice: Subscriber) -> None:
    add_endpoint(*ALL)
    lifecycle.unsubscribe(alice, now=NOW)
    (row,) = personal_data.export(alice, now=NOW)["messages to other programs"]
    assert (row["event"], row["to"]) == ("reader.unsubscribed", "crm")


def test_the_log_is_kept_for_a_month(add_endpoint: Add, alice: Subscriber) -> None:
    add_endpoint(*ALL)
    lifecycle.unsubscribe(alice, now=NOW)
    assert message_queue.delete_old(now=NOW + dt.timedelta(days=29)) == 0
    assert message_queue.delete_old(now=NOW + dt.timedelta(days=31)) == 1


def test_the_admin_makes_an_endpoint_and_shows_its_secret_once(admin_client: Client) -> None:
    given = {"name": "crm", "url": "https://example.org/hook", "events": ["reader.confirmed"], "is_active": "on"}
    page = admin_client.post("/admin/digest/webhookendpoint/add/", given).content.decode()
    made = WebhookEndpoint.objects.get()
    assert made.secret in page.replace("&#x27;", "'")
    assert (made.created_by, made.with_address) == ("admin", False)
    again = admin_client.get(f"/admin/digest/webhookendpoint/{made.pk}/change/").content.decode()
    assert made.secret not in again


def test_the_admin_refuses_a_private_address_at_once(admin_client: Client) -> None:
    given = {"name": "crm", "url": "http://127.0.0.1:6379/", "events": ["reader.confirmed"], "is_active": "on"}
    page = admin_client.post("/admin/digest/webhookendpoint/add/", given).content.decode()
    assert "not a public address" in page
    assert not WebhookEndpoint.objects.exists()


def test_the_admin_sends_a_test_and_shows_the_answer(admin_client: Client, add_endpoint: Add, listener: Any) -> None:
    endpoint = add_endpoint()
    listener.answer = b"hello from the CRM"
    chosen = {"action": "send_test", "_selected_action": [endpoint.pk]}
    page = admin_client.post("/admin/digest/webhookendpoint/", chosen, follow=True).content.decode()
    assert "“crm” answered 200. hello from the CRM" in page
    assert admin_client.get("/admin/digest/webhookmessage/").status_code == 200
