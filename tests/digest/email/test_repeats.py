"""A sent digest, once more for its reader."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.test import Client

from digest.delivery import pauses, planner, shard_worker
from digest.email import repeats
from digest.models import Delivery, Edition, Paper
from subscriptions.models import Subscriber
from subscriptions.readers import lifecycle
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


@pytest.fixture
def sent(edition: Edition, alice: Subscriber, settings: Any, tmp_path: Any) -> Delivery:
    """Alice's digest, after it was sent."""
    settings.VAR_DIR = tmp_path
    planner.plan_everyone(edition, now=NOW)
    assert shard_worker.send_due() == 1
    return Delivery.objects.get()


def resend(client: Client, delivery: Delivery) -> str:
    return str(client.post(f"/admin/digest/delivery/{delivery.pk}/resend/", follow=True).content.decode())


def test_the_repeat_has_the_same_papers_a_note_and_its_own_message_id(admin_client: Client, sent: Delivery) -> None:
    page = admin_client.get(f"/admin/digest/delivery/{sent.pk}/resend/").content.decode()
    assert "a note that it is a repeat" in page
    assert len(mail.outbox) == 1
    assert "Sent again." in resend(admin_client, sent)
    first, again = mail.outbox
    assert again.to == first.to
    assert again.subject == first.subject
    assert "This is your digest of" in again.body
    assert "sent again on request" not in first.body
    assert first.extra_headers["Message-ID"] != again.extra_headers["Message-ID"]
    for title in Paper.objects.filter(pk__in=[entry[0] for entry in sent.papers["for_you"]]):
        assert title.title in again.body
    assert again.extra_headers["List-Unsubscribe"]
    assert Delivery.objects.get().sent_at == sent.sent_at
    assert LogEntry.objects.filter(change_message="Sent again.").count() == 1


@pytest.mark.parametrize("status", ["queued", "failed", "skipped"])
def test_only_a_digest_that_was_sent_is_repeated(admin_client: Client, sent: Delivery, status: str) -> None:
    Delivery.objects.update(status=status, sent_at=None)
    assert "Not sent. This digest has not been sent." in resend(admin_client, sent)
    assert len(mail.outbox) == 1


def test_no_repeat_goes_to_a_reader_who_left_or_is_suppressed(admin_client: Client, sent: Delivery) -> None:
    lifecycle.suppress(sent.subscriber.email, "admin")
    assert "The reader is suppressed, and gets no digests." in resend(admin_client, sent)
    assert len(mail.outbox) == 1


def test_none_is_sent_during_a_pause(admin_client: Client, sent: Delivery) -> None:
    pauses.start("Too many complaints", now=NOW, has_probes=False)
    assert "Not sent. Paused since 2026-08-20 12:00 UTC: Too many complaints" in resend(admin_client, sent)
    assert len(mail.outbox) == 1


def test_one_digest_is_repeated_three_times_a_day_at_most(admin_client: Client, sent: Delivery) -> None:
    for minutes in range(3):
        repeats.send_again(sent, now=NOW - dt.timedelta(minutes=10 - minutes))
    assert "three times a day. The next time is 2026-08-21 11:50:00 UTC." in resend(admin_client, sent)
    assert len(mail.outbox) == 4


def test_a_second_click_sends_no_second_repeat(admin_client: Client, sent: Delivery) -> None:
    assert "Sent again." in resend(admin_client, sent)
    assert "Not sent. One digest may be sent again once a minute" in resend(admin_client, sent)
    assert len(mail.outbox) == 2


def test_content_that_is_no_longer_stored_and_hidden_papers_can_not_be_sent(
    admin_client: Client, sent: Delivery
) -> None:
    Paper.objects.update(is_hidden=True)
    assert "hidden or deleted since" in resend(admin_client, sent)
    Delivery.objects.update(papers=[])
    assert "no longer stored" in resend(admin_client, sent)
    assert len(mail.outbox) == 1


def test_the_question_names_the_reader_and_the_day(admin_client: Client, sent: Delivery) -> None:
    page = admin_client.get(f"/admin/digest/delivery/{sent.pk}/resend/").content.decode()
    assert f"{sent.subscriber.email} gets the digest of 20 Aug 2026 again" in page


def test_it_needs_the_permission_to_change_deliveries(client: Client, sent: Delivery) -> None:
    user = User.objects.create_user("looker", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_delivery"))
    client.force_login(user)
    assert client.post(f"/admin/digest/delivery/{sent.pk}/resend/").status_code == 403
    assert "Send it again" not in client.get(f"/admin/digest/delivery/{sent.pk}/change/").content.decode()
