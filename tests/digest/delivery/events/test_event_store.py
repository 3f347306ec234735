"""Events that providers report later."""

import datetime as dt
from typing import Any

import pytest
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking

from digest.delivery import events, planner
from digest.models import Delivery, DeliveryEvent, Edition
from subscriptions.models import Subscriber, Suppression
from subscriptions.readers import lifecycle
from tests.conftest import NOW

Status = Subscriber.Status


def event(event_type: str, **fields: Any) -> AnymailTrackingEvent:
    values = {"recipient": "alice@example.org", "event_id": "1", "timestamp": NOW, "message_id": "m"} | fields
    return AnymailTrackingEvent(event_type=event_type, **values)


@pytest.mark.parametrize(
    ("reported", "status"),
    [
        (event(EventType.COMPLAINED), Status.SUPPRESSED),
        (event(EventType.BOUNCED, reject_reason=RejectReason.INVALID), Status.SUPPRESSED),
        (event(EventType.BOUNCED, reject_reason=RejectReason.BOUNCED), Status.SUPPRESSED),
        (event(EventType.BOUNCED, reject_reason=RejectReason.BLOCKED), Status.ACTIVE),
        (event(EventType.DEFERRED), Status.ACTIVE),
        (event(EventType.DELIVERED), Status.ACTIVE),
        (event(EventType.UNSUBSCRIBED), Status.UNSUBSCRIBED),
        (event(EventType.UNSUBSCRIBED, recipient=None), Status.ACTIVE),
    ],
)
def test_it_acts_on_an_event(alice: Subscriber, reported: AnymailTrackingEvent, status: str) -> None:
    events.record(reported, "Postmark")
    alice.refresh_from_db()
    assert alice.status == status
    assert Suppression.objects.exists() is (status == Status.SUPPRESSED)


@pytest.mark.parametrize("event_id", ["1", None])
@pytest.mark.usefixtures("alice")
def test_it_stores_an_event_once_however_often_it_comes(event_id: str | None) -> None:
    for _ in range(2):
        events.record(event(EventType.DELIVERED, event_id=event_id), "Brevo")
    events.record(event(EventType.DELIVERED, event_id=event_id, message_id="other"), "Mailjet")
    assert DeliveryEvent.objects.count() == 2


def test_it_finds_the_delivery_it_is_about(edition: Edition, alice: Subscriber) -> None:
    planner.plan_everyone(edition, now=NOW)
    row = Delivery.objects.get()
    events.record(event(EventType.DELIVERED, metadata={"delivery": str(row.pk)}), "Postmark")
    events.record(event(EventType.OPENED, event_id="2", metadata={"delivery": "forged"}), "Postmark")
    assert [stored.delivery for stored in DeliveryEvent.objects.order_by("pk")] == [row, None]


@pytest.mark.usefixtures("alice")
def test_it_listens_to_anymails_signal() -> None:
    reported = event(EventType.BOUNCED, reject_reason=RejectReason.BOUNCED, timestamp=None)
    tracking.send(sender=object, event=reported, esp_name="Postmark")
    stored = DeliveryEvent.objects.get()
    assert stored.event_type == "bounced"
    assert stored.happened_at > NOW - dt.timedelta(days=3650)


def test_it_keeps_what_was_said_without_addresses(alice: Subscriber) -> None:
    said = f"550 5.2.2 <{alice.email}> is over quota"
    events.record(event(EventType.BOUNCED, mta_response=said), "Postmark")
    assert DeliveryEvent.objects.get().detail == "550 5.2.2 <<address>> is over quota"


def test_a_bounce_of_an_old_address_does_not_end_mail_to_the_new_one(edition: Edition, alice: Subscriber) -> None:
    row = sent_digest(edition, alice)
    reported = event(EventType.BOUNCED, reject_reason=RejectReason.BOUNCED, recipient="old@example.org")
    reported.metadata = {"delivery": str(row.pk)}
    events.record(reported, "Postmark")
    alice.refresh_from_db()
    assert alice.status == Status.ACTIVE
    assert lifecycle.is_suppressed("old@example.org")


def test_a_complaint_about_a_forwarded_email_suppresses_its_first_recipient(
    edition: Edition, alice: Subscriber
) -> None:
    row = sent_digest(edition, alice)
    about = {"delivery": str(row.pk), "reader": alice.uid.hex}
    events.record(event(EventType.COMPLAINED, recipient="elsewhere@example.org", metadata=about), "Postmark")
    assert lifecycle.is_suppressed(alice.email)


@pytest.mark.parametrize("about", [{}, {"reader": "0" * 32}])
def test_a_complaint_about_another_sites_mail_of_the_same_number_ends_no_mail_of_ours(
    edition: Edition, alice: Subscriber, about: dict[str, str]
) -> None:
    reported = event(EventType.COMPLAINED, recipient="elsewhere@example.org")
    reported.metadata = {"delivery": str(sent_digest(edition, alice).pk)} | about
    events.record(reported, "Postmark")
    alice.refresh_from_db()
    assert (alice.status, DeliveryEvent.objects.get().delivery) == (Status.ACTIVE, None)


def test_the_providers_id_ties_a_report_to_a_mail_of_an_earlier_release(edition: Edition, alice: Subscriber) -> None:
    row = sent_digest(edition, alice)
    Delivery.objects.update(provider_id="abc-1")
    reported = event(EventType.COMPLAINED, recipient="forwarded@example.org")
    reported.metadata, reported.message_id = {"delivery": str(row.pk)}, "abc-1"
    events.record(reported, "Postmark")
    assert DeliveryEvent.objects.get().delivery == row
    assert lifecycle.is_suppressed(alice.email)


def test_it_finds_the_delivery_of_a_reader_who_has_moved_since(edition: Edition, alice: Subscriber) -> None:
    row = sent_digest(edition, alice)
    Subscriber.objects.update(email="new@example.org")
    about = {"delivery": str(row.pk), "reader": alice.uid.hex}
    events.record(event(EventType.DELIVERED, metadata=about), "Postmark")
    assert DeliveryEvent.objects.get().delivery == row


def test_it_finds_the_delivery_by_the_providers_id_where_nothing_else_comes_back(
    edition: Edition, alice: Subscriber
) -> None:
    row = sent_digest(edition, alice)
    Delivery.objects.update(provider_id="m")
    events.record(event(EventType.DELIVERED), "MailerSend")
    assert DeliveryEvent.objects.get().delivery == row


def test_it_takes_mailguns_repeat_under_a_new_token_for_what_it_is(alice: Subscriber) -> None:
    for token in ("one", "two"):
        reported = event(EventType.DELIVERED, event_id=token, esp_event={"event-data": {"id": "the same"}})
        events.record(reported, "Mailgun")
    assert DeliveryEvent.objects.count() == 1


def test_it_distinguishes_two_recipients_of_one_event(alice: Subscriber) -> None:
    for recipient in (alice.email, "bob@example.org"):
        events.record(event(EventType.DELIVERED, recipient=recipient), "Amazon SES")
    assert DeliveryEvent.objects.count() == 2


@pytest.mark.parametrize(("bounce", "status"), [("hard", Status.SUPPRESSED), ("soft", Status.ACTIVE)])
def test_it_acts_on_a_bounce_at_the_hand_over(bounce: str, status: str, edition: Edition, alice: Subscriber) -> None:
    row = sent_digest(edition, alice)
    Delivery.objects.update(status="queued", attempts=1, sent_at=None)
    for _ in range(2):
        events.record_bounces([(row.pk, bounce, "no")], now=NOW)
    alice.refresh_from_db()
    assert alice.status == status
    assert (DeliveryEvent.objects.get().meaning, Delivery.objects.get().status) == (bounce, "queued")


def sent_digest(edition: Edition, reader: Subscriber) -> Delivery:
    planner.plan_everyone(edition, now=NOW)
    Delivery.objects.filter(subscriber=reader).update(status="sent", sent_at=NOW)
    return Delivery.objects.get(subscriber=reader)
