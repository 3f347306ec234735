"""Reports of every provider come in by the web, each with its own proof of who is talking."""

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from digest import planning
from digest.events.webhooks import DOORS
from digest.models import Delivery, DeliveryEvent, Edition
from subscriptions.models import Subscriber, Suppression
from tests.conftest import NOW
from tests.digest.events import payloads
from tests.digest.events.payloads import BASIC, REPORTS, SECRET, Maker, Post

MAKERS = {maker.__name__: maker for maker, _, _ in REPORTS if maker is not payloads.mailgun_legacy}
SIGNED = {"mailersend", "mailgun", "mailtrap", "mandrill", "postal", "resend", "sendgrid", "unisender_go"}


@pytest.fixture(autouse=True)
def keys(settings: Any) -> None:
    """Signing keys where a provider has one, and the secret where it has none."""
    settings.ANYMAIL = payloads.keys() | {"WEBHOOK_SECRET": [SECRET]}


@pytest.fixture
def sent(edition: Edition, alice: Subscriber) -> Delivery:
    """Alice's digest, as some provider took it."""
    planning.plan_everyone(edition, now=NOW)
    delivery = Delivery.objects.get()
    delivery.status, delivery.sent_at, delivery.provider_id = "sent", NOW, f"provider-{delivery.pk}"
    delivery.save()
    return delivery


def send(post: Post, **headers: str) -> int:
    """What we answer to `post` when it comes with its own headers, or with `headers` over them."""
    client = Client(enforce_csrf_checks=True, headers=BASIC | post.headers | headers)
    return client.post(post.path, post.body, content_type=post.content_type).status_code


def make(maker: Maker, what: dict[str, Any], delivery: Delivery) -> Post:
    return maker(copy.deepcopy(what), "alice@example.org", delivery.pk)


def test_it_knows_every_provider_that_has_reports() -> None:
    assert set(MAKERS) == set(DOORS)


@pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")
@pytest.mark.parametrize(("maker", "what", "status"), REPORTS)
def test_it_acts_on_what_a_provider_reports(
    maker: Maker, what: dict[str, Any], status: str, sent: Delivery, alice: Subscriber
) -> None:
    assert send(make(maker, what, sent)) == 200
    alice.refresh_from_db()
    assert alice.status == status
    assert Suppression.objects.exists() is (status == "suppressed")
    assert DeliveryEvent.objects.get().delivery == sent


@pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")
@pytest.mark.parametrize("name", MAKERS)
def test_it_stores_what_is_posted_twice_once(name: str, sent: Delivery) -> None:
    what = next(what for maker, what, _ in REPORTS if maker.__name__ == name)
    post = make(MAKERS[name], what, sent)
    assert [send(post), send(post)] == [200, 200]
    assert DeliveryEvent.objects.count() == 1


@pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")
@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("secret", ["", "Basic cGFwZXJzOndyb25n", "Bearer of bad news"])
def test_it_refuses_reports_without_the_secret(name: str, secret: str, sent: Delivery, alice: Subscriber) -> None:
    assert send(bounce(name, sent), Authorization=secret) in (400, 401)
    assert nothing_changed(alice)


@pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")
@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.parametrize("how", ["wrong", "missing", "of something else"])
def test_it_refuses_reports_whose_signature_is(how: str, name: str, sent: Delivery, alice: Subscriber) -> None:
    assert send(spoilt(bounce(name, sent), how)) == 400
    assert nothing_changed(alice)


def bounce(name: str, delivery: Delivery) -> Post:
    """A report of the provider that would end all mail to Alice."""
    what = next(what for maker, what, status in REPORTS if maker.__name__ == name and status == "suppressed")
    return make(MAKERS[name], what, delivery)


def spoilt(post: Post, how: str) -> Post:
    """`post` with a signature that does not fit, wherever its provider puts it."""
    signing = [key for key in post.headers if "signature" in key.lower()]
    if how == "of something else":
        # Mailgun signs a token and the time, and never the report.
        forged = post.body.replace(b"alice", b"alicf").replace(b'"token": "', b'"token": "x')
        return replace(post, body=forged)
    if signing:
        return replace(post, headers=post.headers | dict.fromkeys(signing, "" if how == "missing" else "d3Jvbmc="))
    told = json.loads(post.body)
    key = "auth" if "auth" in told else "signature"
    if how == "missing":
        del told[key]
    else:
        told[key] = "wrong" if key == "auth" else told[key] | {"signature": "wrong"}
    return replace(post, body=json.dumps(told).encode())


def nothing_changed(reader: Subscriber) -> bool:
    reader.refresh_from_db()
    return reader.status == "active" and not DeliveryEvent.objects.exists() and not Suppression.objects.exists()


@pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")
@pytest.mark.parametrize("name", SIGNED)
def test_a_signature_is_proof_enough_where_no_secret_is_set(name: str, sent: Delivery, settings: Any) -> None:
    settings.ANYMAIL = payloads.keys()
    what = next(what for maker, what, _ in REPORTS if maker.__name__ == name)
    assert send(make(MAKERS[name], what, sent)) == 200


@pytest.mark.parametrize("name", MAKERS)
def test_it_opens_no_door_without_a_lock(name: str, sent: Delivery, settings: Any) -> None:
    settings.ANYMAIL = {}
    what = next(what for maker, what, _ in REPORTS if maker.__name__ == name)
    assert send(make(MAKERS[name], what, sent)) == 404
    assert not DeliveryEvent.objects.exists()


def test_it_takes_an_old_and_a_new_secret_while_one_replaces_the_other(sent: Delivery, settings: Any) -> None:
    settings.ANYMAIL = {"WEBHOOK_SECRET": ["new:one", SECRET]}
    assert send(make(payloads.brevo, {"event": "delivered"}, sent)) == 200


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b'{"event": {}}', b"null"])
@pytest.mark.django_db
def test_it_refuses_what_it_cannot_read(body: bytes) -> None:
    assert send(Post("/anymail/mailjet/tracking/", body, BASIC)) == 400


@pytest.mark.django_db
def test_it_has_no_door_for_mail_that_comes_in() -> None:
    assert send(Post("/anymail/postmark/inbound/", b"{}", BASIC)) == 404


def test_it_takes_many_reports_of_one_request_together(sent: Delivery, django_assert_max_num_queries: Any) -> None:
    report = {"time": 1, "email": "alice@example.org", "Payload": json.dumps({"delivery": str(sent.pk)})}
    body = json.dumps([report | {"event": "sent", "MessageID": number} for number in range(200)]).encode()
    with django_assert_max_num_queries(10):
        assert send(Post("/anymail/mailjet/tracking/", body, BASIC)) == 200
    assert DeliveryEvent.objects.count() == 200


def test_it_takes_as_many_reports_as_a_provider_tells_at_once(sent: Delivery) -> None:
    """Mandrill's are up to a thousand, each with what mail servers said."""
    report = {"time": 1, "email": "alice@example.org", "Payload": json.dumps({"delivery": str(sent.pk)})}
    wordy = report | {"event": "sent", "smtp_reply": "250 2.0.0 OK " * 400}
    body = json.dumps([wordy | {"MessageID": number} for number in range(1000)]).encode()
    assert send(Post("/anymail/mailjet/tracking/", body, BASIC)) == 200
    assert DeliveryEvent.objects.count() == 1000


def test_it_keeps_no_address(sent: Delivery) -> None:
    gone = "550 5.1.1 <alice@example.org> is unknown here"
    send(make(payloads.postmark, {"RecordType": "Bounce", "Type": "HardBounce", "ID": 1, "Details": gone}, sent))
    told = DeliveryEvent.objects.values().get()
    assert "alice" not in json.dumps(told, default=str)
