"""Webhooks of every provider, each with its own authentication."""

import base64
import copy
import datetime as dt
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlencode

import pytest
import time_machine
from django.db import DataError, OperationalError
from django.test import Client
from django.utils import timezone

from digest.delivery import planner
from digest.delivery.events import event_store, report_parser, webhooks
from digest.delivery.events.webhooks import WEBHOOKS
from digest.models import Delivery, DeliveryEvent, Edition
from subscriptions.models import Subscriber, Suppression
from tests.conftest import NOW, make_reader
from tests.digest.delivery.events import payloads
from tests.digest.delivery.events.payloads import BASIC, REPORTS, SECRET, Maker, Post

MAKERS = {maker.__name__: maker for maker, _, _ in REPORTS if maker is not payloads.mailgun_legacy}
SIGNED = {"mailersend", "mailgun", "mailtrap", "mandrill", "postal", "resend", "sendgrid", "unisender_go"}


@pytest.fixture(autouse=True)
def keys(settings: Any) -> None:
    """The signing keys of providers that sign, and the secret for the others."""
    settings.ANYMAIL = payloads.keys() | {"WEBHOOK_SECRET": [SECRET]}


@pytest.fixture
def sent(edition: Edition, alice: Subscriber) -> Delivery:
    """Alice's digest, accepted by a provider."""
    planner.plan_everyone(edition, now=NOW)
    delivery = Delivery.objects.get()
    delivery.status, delivery.sent_at, delivery.provider_id = "sent", NOW, f"provider-{delivery.pk}"
    delivery.save()
    return delivery


def send(post: Post, **headers: str) -> int:
    """Send `post` with its own headers, updated by `headers`, and return the status of the answer."""
    client = Client(enforce_csrf_checks=True, headers=BASIC | post.headers | headers)
    return client.post(post.path, post.body, content_type=post.content_type).status_code


def make(maker: Maker, what: dict[str, Any], delivery: Delivery) -> Post:
    return maker(copy.deepcopy(what), "alice@example.org", delivery.pk)


def test_it_knows_every_provider_that_has_reports() -> None:
    assert set(MAKERS) == set(WEBHOOKS)


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
    again = (
        400 if name == "mailgun" else 200
    )  # it does not sign the events, so a second use of a signature is suspicious
    assert [send(post), send(post)] == [200, again]
    assert DeliveryEvent.objects.count() == 1


@pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")
@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("secret", ["", "Basic cGFwZXJzOndyb25n", "Bearer of bad news"])
def test_it_refuses_reports_without_the_secret(name: str, secret: str, sent: Delivery, alice: Subscriber) -> None:
    assert send(bounce(name, sent), Authorization=secret) in (400, 401)
    assert nothing_changed(alice)


@pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")
@pytest.mark.parametrize("name", sorted(SIGNED))
@pytest.mark.parametrize("how", ["wrong", "missing", "of something else"])
def test_it_refuses_reports_whose_signature_is(how: str, name: str, sent: Delivery, alice: Subscriber) -> None:
    assert send(spoilt(bounce(name, sent), how)) == 400
    assert nothing_changed(alice)


def bounce(name: str, delivery: Delivery) -> Post:
    """Return an event that would suppress Alice's address."""
    what = next(what for maker, what, status in REPORTS if maker.__name__ == name and status == "suppressed")
    return make(MAKERS[name], what, delivery)


def spoilt(post: Post, how: str) -> Post:
    """Return `post` with a wrong signature, in the place that its provider uses."""
    signing = [key for key in post.headers if "signature" in key.lower()]
    if how == "of something else":
        # Mailgun signs a token and the time, but not the events.
        forged = post.body.replace(b"alice", b"alicf").replace(b'"token": "', b'"token": "x')
        return replace(post, body=forged)
    if signing:
        return replace(post, headers=post.headers | dict.fromkeys(signing, "" if how == "missing" else "d3Jvbmc="))
    payload = json.loads(post.body)
    key = "auth" if "auth" in payload else "signature"
    if how == "missing":
        del payload[key]
    else:
        payload[key] = "wrong" if key == "auth" else payload[key] | {"signature": "wrong"}
    return replace(post, body=json.dumps(payload).encode())


def nothing_changed(reader: Subscriber) -> bool:
    reader.refresh_from_db()
    return reader.status == "active" and not DeliveryEvent.objects.exists() and not Suppression.objects.exists()


@pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")
@pytest.mark.parametrize("name", sorted(SIGNED))
def test_a_signature_is_proof_enough_where_no_secret_is_set(name: str, sent: Delivery, settings: Any) -> None:
    settings.ANYMAIL = payloads.keys()
    what = next(what for maker, what, _ in REPORTS if maker.__name__ == name)
    assert send(make(MAKERS[name], what, sent)) == 200


@pytest.mark.parametrize("name", MAKERS)
def test_a_webhook_without_authentication_is_closed(name: str, sent: Delivery, settings: Any) -> None:
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
def test_there_is_no_webhook_for_incoming_email() -> None:
    assert send(Post("/anymail/postmark/inbound/", b"{}", BASIC)) == 404


def test_it_takes_many_reports_of_one_request_together(sent: Delivery, django_assert_max_num_queries: Any) -> None:
    report = {"time": 1, "email": "alice@example.org", "Payload": json.dumps({"delivery": str(sent.pk)})}
    body = json.dumps([report | {"event": "sent", "MessageID": number} for number in range(200)]).encode()
    with django_assert_max_num_queries(10):
        assert send(Post("/anymail/mailjet/tracking/", body, BASIC)) == 200
    assert DeliveryEvent.objects.count() == 200


def test_it_takes_as_many_events_as_a_provider_sends_at_once(sent: Delivery) -> None:
    """Mandrill sends up to a thousand, each with the replies of mail servers."""
    report = {"time": 1, "email": "alice@example.org", "Payload": json.dumps({"delivery": str(sent.pk)})}
    wordy = report | {"event": "sent", "smtp_reply": "250 2.0.0 OK " * 400}
    body = json.dumps([wordy | {"MessageID": number} for number in range(1000)]).encode()
    assert send(Post("/anymail/mailjet/tracking/", body, BASIC)) == 200
    assert DeliveryEvent.objects.count() == 1000


@pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")
@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.django_db
def test_it_answers_a_provider_that_looks_for_the_address_before_any_key_is_set(name: str, settings: Any) -> None:
    settings.ANYMAIL = {}
    assert Client().head(f"/anymail/{name}/tracking/").status_code == 200
    assert Client().head("/anymail/mandrill/").status_code == 200
    assert Client().head("/anymail/pigeon/tracking/").status_code == 404


def test_it_unsubscribes_a_reader_known_only_by_the_id_of_the_message(sent: Delivery, alice: Subscriber) -> None:
    payload = {"RecordType": "Bounce", "Type": "Unsubscribe", "MessageID": sent.provider_id, "ID": 555555555}
    with time_machine.travel(NOW + dt.timedelta(days=3)):
        assert send(Post("/anymail/postmark/tracking/", json.dumps(payload).encode(), BASIC)) == 200
    alice.refresh_from_db()
    assert alice.status == "unsubscribed"
    assert DeliveryEvent.objects.get().delivery == sent


def test_it_unsubscribes_none_of_the_readers_of_one_call_by_its_id(sent: Delivery, alice: Subscriber) -> None:
    other = make_reader("other@example.org")
    pk = Delivery.objects.order_by("-pk").values_list("pk", flat=True)[0] + 1
    Delivery.objects.bulk_create([copy_of(sent, pk, other)])
    payload = {"RecordType": "Bounce", "Type": "Unsubscribe", "MessageID": sent.provider_id, "ID": 555555555}
    with time_machine.travel(NOW + dt.timedelta(days=3)):
        assert send(Post("/anymail/postmark/tracking/", json.dumps(payload).encode(), BASIC)) == 200
    assert set(Subscriber.objects.values_list("status", flat=True)) == {"active"}


def copy_of(delivery: Delivery, pk: int, reader: Subscriber) -> Delivery:
    copied = copy.copy(delivery)
    copied.pk, copied.subscriber = pk, reader
    return copied


class TestMailgunSignatures:
    """They cover a time and a token, but not the events."""

    def test_one_report_proves_nothing_about_another_reader(self, sent: Delivery, alice: Subscriber) -> None:
        seen = make(payloads.mailgun, {"event": "delivered"}, sent)
        signature = json.loads(seen.body)["signature"]
        assert send(seen) == 200
        assert send(forged(signature)) == 400
        alice.refresh_from_db()
        assert alice.status == "active"

    @pytest.mark.parametrize("hours", [-13, 13, 24 * 30])
    def test_it_refuses_a_signature_made_more_than_twelve_hours_away(
        self, hours: int, sent: Delivery, alice: Subscriber
    ) -> None:
        signature = json.loads(make(payloads.mailgun, {"event": "delivered"}, sent).body)["signature"]
        with time_machine.travel(timezone.now() + dt.timedelta(hours=hours)):
            assert send(forged(signature)) == 400
        assert nothing_changed(alice)

    def test_digits_moved_from_token_to_time_make_no_other_signature(self, sent: Delivery, alice: Subscriber) -> None:
        seen = json.loads(make(payloads.mailgun, {"event": "delivered"}, sent).body)["signature"]
        signed = f"{seen['timestamp']}e0{'f' * 48}"
        signature = hmac.new(payloads.KEY.encode(), signed.encode(), hashlib.sha256).hexdigest()
        genuine = {"timestamp": seen["timestamp"], "token": f"e0{'f' * 48}", "signature": signature}
        moved = {"timestamp": f"{seen['timestamp']}e0", "token": "f" * 48, "signature": signature}
        assert [send(forged(genuine, "delivered")), send(forged(moved))] == [200, 400]
        alice.refresh_from_db()
        assert alice.status == "active"

    def test_it_takes_the_report_again_that_it_could_not_store(
        self, sent: Delivery, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        post = make(payloads.mailgun, {"event": "delivered"}, sent)
        with monkeypatch.context() as broken:
            broken.setattr(webhooks, "record_all", mock.Mock(side_effect=OperationalError("disk full")))
            with pytest.raises(OperationalError):
                send(post)
        assert send(post) == 200
        assert DeliveryEvent.objects.count() == 1


def forged(signature: dict[str, str], event: str = "complained") -> Post:
    """Return an event about Alice with a signature from another request."""
    data = {"event": event, "recipient": "alice@example.org", "timestamp": 1.0, "id": "x"}
    body = json.dumps({"signature": signature, "event-data": data}).encode()
    return Post("/anymail/mailgun/tracking/", body)


ODD_EVENTS: list[Any] = [
    None,
    17,
    "text",
    [],
    {},
    {"event": {}},
    {"event": ["bounce"], "email": "a@example.org"},
    {"event": "bounce", "email": ["alice@example.org"]},
    {"event": "bounce", "email": {"address": "alice@example.org"}},
    {"event": "bounce", "email": 17},
    {"event": "bounce", "email": "al\x00ice@example.org"},
    {"event": "bounce", "email": "al\ud800ice@example.org"},
    {"event": "bounce", "email": f"{'a' * 400}@example.org"},
    {"event": "sent", "email": "a@example.org", "time": 10**30},
    {"event": "sent", "email": "a@example.org", "time": "noon"},
]
# Odd events that must not be lost.
ODD_FIELDS: list[dict[str, Any]] = [
    {"MessageID": "\x00"},
    {"MessageID": {"id": 1}},
    {"MessageID": "\udfff"},
    {"Payload": "[]"},
    {"Payload": '{"delivery": {"a": 1}, "reader": ["b"]}'},
    {"comment": "\x00\ud800", "error": "\x00\ud800"},
    {"time": -1},
    {"time": -62135596800},
    {"smtp_reply": ["250", None]},
    {"smtp_reply": "5" * 1_000_000},
    {"smtp_reply": "250 \x00 \udc80"},
]


def mailjet(*events: Any) -> Post:
    return Post("/anymail/mailjet/tracking/", json.dumps(events).encode(), BASIC)


@pytest.mark.parametrize("odd", ODD_EVENTS, ids=range(len(ODD_EVENTS)))
def test_it_skips_an_odd_event_and_records_the_rest_of_its_batch(
    odd: Any, sent: Delivery, alice: Subscriber, caplog: pytest.LogCaptureFixture
) -> None:
    good = {"event": "spam", "email": "alice@example.org", "time": 1, "MessageID": 1}
    assert send(mailjet(good | {"event": "sent"}, odd, good)) == 200
    alice.refresh_from_db()
    assert (alice.status, DeliveryEvent.objects.count()) == ("suppressed", 2)
    assert caplog.messages[0].startswith("An event of Mailjet was skipped: ")


@pytest.mark.parametrize("odd", ODD_FIELDS, ids=range(len(ODD_FIELDS)))
def test_it_records_an_event_without_the_fields_that_make_no_sense(odd: dict[str, Any], sent: Delivery) -> None:
    assert send(mailjet({"event": "sent", "email": "alice@example.org", "time": 1, "MessageID": 1} | odd)) == 200
    stored = DeliveryEvent.objects.get()
    assert stored.happened_at.year >= 2000
    assert "\x00" not in stored.detail


@pytest.mark.parametrize("odd", [{"msys": 1}, {"msys": {"a": {}, "b": {}}}, {}, 5, {"msys": {"message_event": 5}}])
def test_it_skips_an_odd_envelope_of_sparkpost(odd: Any, sent: Delivery) -> None:
    good = json.loads(make(payloads.sparkpost, {"type": "delivery"}, sent).body)
    assert send(Post("/anymail/sparkpost/tracking/", json.dumps([odd, *good]).encode(), BASIC)) == 200
    assert DeliveryEvent.objects.count() == 1


@pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")
def test_an_email_that_came_in_does_not_lose_reports_of_mandrill(sent: Delivery, settings: Any) -> None:
    good = make(payloads.mandrill, {"event": "send"}, sent)
    events = json.loads(parse_qs(good.body.decode())["mandrill_events"][0])
    payload = json.dumps([{"event": "inbound", "msg": {}, "ts": 1}, *events])
    url = f"http://{SECRET}@testserver/anymail/mandrill/"
    signature = hmac.new(payloads.KEY.encode(), f"{url}mandrill_events{payload}".encode(), hashlib.sha1).digest()
    headers = {"X-Mandrill-Signature": base64.b64encode(signature).decode()}
    assert send(replace(good, body=urlencode({"mandrill_events": payload}).encode(), headers=headers)) == 200
    assert DeliveryEvent.objects.count() == 1


def test_what_the_database_refuses_costs_the_others_nothing(sent: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    store = event_store._store

    def refuse_one(reports: list[Any], now: dt.datetime) -> None:
        if any(report.address == "seven@example.org" for report in reports):
            raise DataError("value out of range")
        store(reports, now)

    monkeypatch.setattr(event_store, "_store", refuse_one)
    names = ("one", "two", "seven", "four", "five")
    events = [{"event": "sent", "email": f"{name}@example.org", "time": 1, "MessageID": name} for name in names]
    assert send(mailjet(*events)) == 200
    assert DeliveryEvent.objects.count() == 4


@pytest.mark.parametrize("event", ["sent", "bounce", "spam", "unsub"])
@pytest.mark.django_db
def test_the_queries_of_a_large_request_are_few(event: str, django_assert_max_num_queries: Any) -> None:
    """About ten for 500 events of any kind."""
    about = {"event": event, "hard_bounce": True, "error": "user unknown", "time": 1}
    events = [about | {"email": f"reader{number}@example.org", "MessageID": number} for number in range(2_000)]
    with django_assert_max_num_queries(80):
        assert send(mailjet(*events)) == 200
    assert DeliveryEvent.objects.count() == 2_000


@pytest.mark.django_db
def test_it_refuses_more_events_than_any_provider_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_parser, "MAX_EVENTS", 10)
    events = [{"event": "sent", "email": "a@example.org", "MessageID": number} for number in range(11)]
    assert [send(mailjet(*events)), send(mailjet(*events[:10]))] == [400, 200]


@pytest.mark.django_db
def test_it_logs_many_events_that_can_not_be_read_in_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    assert send(mailjet({"event": "sent", "MessageID": 1}, *[None] * 1_000)) == 200
    assert len(caplog.messages) < 25
    assert "980 more events" in caplog.messages[-1]


def test_it_keeps_no_address(sent: Delivery) -> None:
    gone = "550 5.1.1 <alice@example.org> is unknown here"
    send(make(payloads.postmark, {"RecordType": "Bounce", "Type": "HardBounce", "ID": 1, "Details": gone}, sent))
    payload = DeliveryEvent.objects.values().get()
    assert "alice" not in json.dumps(payload, default=str)
