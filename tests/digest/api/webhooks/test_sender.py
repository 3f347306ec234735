import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from digest.api.rotation import ROTATION_TIME
from digest.api.webhooks import sender, signatures
from digest.api.webhooks.client import WebhookResponse
from digest.models import Incident, WebhookEndpoint, WebhookMessage
from subscriptions.models import Subscriber
from subscriptions.readers import lifecycle, personal_data
from tests.conftest import NOW
from tests.digest.api.webhooks.conftest import Listener

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
Add = Callable[..., WebhookEndpoint]
LEFT = "reader.unsubscribed"


def send(now: dt.datetime = NOW) -> int:
    return sender.send_due(now=now, seconds=50)


def test_a_message_is_signed_as_standard_webhooks_describes(
    add_endpoint: Add, listener: Listener, alice: Subscriber
) -> None:
    endpoint = add_endpoint(LEFT)
    lifecycle.unsubscribe(alice, now=NOW)
    assert send() == 1
    headers, body = listener.got[0]
    checked = Webhook(endpoint.secret).verify(body, headers)
    assert checked["type"] == LEFT
    assert checked["data"]["reader"] == str(alice.uid)
    message = WebhookMessage.objects.get()
    assert (message.status, message.answer, message.next_at) == (200, "ok", None)
    assert message.delivered_at == NOW


def test_while_a_secret_is_rotated_both_work(add_endpoint: Add, listener: Listener) -> None:
    endpoint = add_endpoint()
    old, new = endpoint.secret, sender.rotate(endpoint, now=NOW)
    sender.send_test(endpoint, now=NOW)
    headers, body = listener.got[0]
    for secret in (old, new):
        Webhook(secret).verify(body, headers)
    sender.send_test(endpoint, now=NOW + ROTATION_TIME)
    assert " " not in listener.got[1][0]["webhook-signature"]


def test_a_second_click_keeps_the_secret_that_the_program_has(add_endpoint: Add, listener: Listener) -> None:
    endpoint = add_endpoint()
    old = endpoint.secret
    sender.rotate(endpoint, now=NOW)
    new = sender.rotate(endpoint, now=NOW + dt.timedelta(seconds=2))
    sender.send_test(endpoint, now=NOW)
    headers, body = listener.got[0]
    for secret in (old, new):
        Webhook(secret).verify(body, headers)


def test_an_address_is_in_a_message_only_if_the_endpoint_asks_for_it(
    add_endpoint: Add, listener: Listener, alice: Subscriber
) -> None:
    add_endpoint(LEFT)
    add_endpoint(LEFT, name="with addresses", with_address=True)
    lifecycle.unsubscribe(alice, now=NOW)
    send()
    emails = [json.loads(body)["data"].get("email") for _headers, body in listener.got]
    assert sorted(map(str, emails)) == ["None", alice.email]


def test_no_row_holds_an_address_even_if_the_endpoint_repeats_it(
    add_endpoint: Add, listener: Listener, alice: Subscriber
) -> None:
    add_endpoint(LEFT, with_address=True)
    Subscriber.objects.filter(pk=alice.pk).update(email="Alice@example.org")
    listener.answer = b"No contact alice@example.org or Alice@Example.org"
    lifecycle.unsubscribe(alice, now=NOW)
    send()
    assert "Alice@example.org" in listener.got[0][1].decode()
    assert WebhookMessage.objects.get().answer == "No contact (address) or (address)"


def test_a_message_about_an_erased_reader_has_no_address(
    add_endpoint: Add, listener: Listener, alice: Subscriber
) -> None:
    add_endpoint(LEFT, with_address=True)
    personal_data.erase(alice)
    send()
    assert json.loads(listener.got[0][1])["data"] == {"reader": str(alice.uid), "reason": "erased", "email": None}


def test_it_tries_again_at_growing_intervals_for_a_day(
    add_endpoint: Add, listener: Listener, alice: Subscriber
) -> None:
    add_endpoint(LEFT)
    listener.status = 500
    lifecycle.unsubscribe(alice, now=NOW)
    waits, now = [], NOW
    while True:
        send(now)
        at = WebhookMessage.objects.values_list("next_at", flat=True).get()
        if at is None:
            break
        waits.append(at - now)
        now = at
    assert waits == sorted(waits)
    assert len(waits) > 6
    assert dt.timedelta(hours=12) < now - NOW < dt.timedelta(days=1)


def test_a_failing_endpoint_does_not_hold_up_others(add_endpoint: Add, listener: Listener, alice: Subscriber) -> None:
    add_endpoint(LEFT, name="a", url="http://127.0.0.1:1/")
    add_endpoint(LEFT, name="b")
    for _ in range(3):
        lifecycle.confirm(alice, now=NOW)
        lifecycle.unsubscribe(alice, now=NOW)
        lifecycle.resubscribe(alice, now=NOW)
    send()
    tried = WebhookMessage.objects.filter(endpoint__name="a", tries__gt=0)
    assert tried.count() == 1
    assert len(listener.got) == WebhookMessage.objects.filter(endpoint__name="b").count() == 3


def test_the_long_queue_of_a_failing_endpoint_does_not_hold_up_others(add_endpoint: Add, listener: Listener) -> None:
    failing = add_endpoint(name="a", url="http://127.0.0.1:1/")
    queued = [WebhookMessage(endpoint=failing, event=LEFT, made_at=NOW, next_at=NOW) for _ in range(300)]
    queued.append(WebhookMessage(endpoint=add_endpoint(name="b"), event=LEFT, made_at=NOW, next_at=NOW))
    WebhookMessage.objects.bulk_create(queued)
    assert send() == 1
    assert WebhookMessage.objects.filter(endpoint=failing, tries__gt=0).count() == 1


def test_endpoints_take_turns_and_failing_ones_come_last(
    add_endpoint: Add, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = add_endpoint(name="a", url="http://127.0.0.1:1/", failing_since=NOW)
    several = [failing, *(add_endpoint(name=name) for name in "bc")]
    WebhookMessage.objects.bulk_create(
        WebhookMessage(endpoint=endpoint, event=LEFT, made_at=NOW, next_at=NOW) for endpoint in several for _ in "12"
    )
    served: list[str] = []
    attempt = sender.attempt

    def record(message: WebhookMessage, *, now: dt.datetime) -> WebhookResponse:
        served.append(message.endpoint.name)
        return attempt(message, now=now)

    monkeypatch.setattr(sender, "attempt", record)
    send()
    assert served == ["b", "c", "a", "b", "c"]


def test_an_endpoint_is_disabled_with_an_incident_after_days_of_failures(add_endpoint: Add, listener: Listener) -> None:
    endpoint = add_endpoint()
    listener.status = 503
    sender.send_test(endpoint, now=NOW)
    sender.send_test(endpoint, now=NOW + dt.timedelta(days=2))
    assert WebhookEndpoint.objects.filter(is_active=True).exists()
    sender.send_test(endpoint, now=NOW + dt.timedelta(days=3))
    assert not WebhookEndpoint.objects.filter(is_active=True).exists()
    incident = Incident.objects.get(ended_at=None)
    assert "crm" in incident.heading
    sender.clear_failures(endpoint, now=NOW)
    assert not Incident.objects.filter(ended_at=None).exists()


def test_a_success_ends_a_time_of_failures(add_endpoint: Add, listener: Listener) -> None:
    endpoint = add_endpoint()
    for status, is_failing in ((500, True), (204, False)):
        listener.status = status
        sender.send_test(endpoint, now=NOW)
        endpoint.refresh_from_db()
        assert (endpoint.failing_since is not None) is is_failing


def test_an_endpoint_that_has_gone_is_disabled_at_once(add_endpoint: Add, listener: Listener) -> None:
    endpoint = add_endpoint()
    listener.status = 410
    sender.send_test(endpoint, now=NOW)
    endpoint.refresh_from_db()
    assert not endpoint.is_active


def test_it_follows_no_redirect(add_endpoint: Add, listener: Listener) -> None:
    listener.status, listener.location = 302, listener.url
    answer = sender.send_test(add_endpoint(), now=NOW)
    assert (answer.status, len(listener.got)) == (302, 1)


def test_the_reason_of_a_failure_names_no_time_that_did_not_pass(add_endpoint: Add) -> None:
    answer = sender.send_test(add_endpoint(url="http://127.0.0.1:1/"), now=NOW)
    assert answer.status is None
    assert answer.text.startswith("No answer: ")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/"]
)
def test_private_hosts_need_the_setting(add_endpoint: Add, listener: Listener, settings: object, url: str) -> None:
    settings.FETCH_PRIVATE_HOSTS = False  # type: ignore[attr-defined]
    answer = sender.send_test(add_endpoint(url=url), now=NOW)
    assert answer.status is None
    assert "not a public address" in answer.text


def test_the_reason_of_a_failure_has_no_password(add_endpoint: Add, settings: Any) -> None:
    settings.FETCH_PRIVATE_HOSTS = False
    answer = sender.send_test(add_endpoint(url="https://ada:s3cret@127.0.0.1/hook?token=s3cret"), now=NOW)
    assert "not a public address" in answer.text
    assert "s3cret" not in answer.text


def test_another_worker_does_not_send_what_is_claimed(add_endpoint: Add, alice: Subscriber) -> None:
    add_endpoint(LEFT)
    lifecycle.unsubscribe(alice, now=NOW)
    message = WebhookMessage.objects.get()
    assert sender._claim(message, NOW)
    assert not sender._claim(message, NOW)


def test_sending_again_delivers_the_same_id(add_endpoint: Add, listener: Listener, alice: Subscriber) -> None:
    add_endpoint(LEFT)
    lifecycle.unsubscribe(alice, now=NOW)
    send()
    sender.send_again(WebhookMessage.objects.get(), now=NOW)
    send()
    assert len({headers["webhook-id"] for headers, _body in listener.got}) == 1
    assert len(listener.got) == 2


def test_secrets_differ_and_have_the_prefix_of_the_standard() -> None:
    assert signatures.new_secret() != signatures.new_secret()
    assert signatures.new_secret().startswith("whsec_")
