"""A reader's page in the admin: what they would get, a test email of it, and the email with their link."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.test import Client

from digest.admin import email_preview
from digest.models import Delivery, Edition
from subscriptions.models import OwedNotice, Subscriber
from subscriptions.readers import lifecycle
from tests.conftest import NOW

pytestmark = pytest.mark.usefixtures("now")


@pytest.fixture
def today(edition: Edition, alice: Subscriber) -> str:
    return f"/admin/subscriptions/subscriber/{alice.pk}/today/"


def staff(client: Client, *permissions: str) -> Client:
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


def test_it_shows_what_a_reader_would_get_with_reasons_and_as_an_email(admin_client: Client, today: str) -> None:
    page = admin_client.get(today).content.decode()
    assert "1 of 3 papers match" not in page
    assert "2 of 3 papers match" in page  # the survey is excluded
    assert "<b>Learning:</b> “Reinforcement Learning” in the title" in page
    assert "<h3>Trending</h3>" not in page
    assert page.count("<iframe") == 2
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("active", "is active and gets digests at "),
        ("paused", "is paused until 3 Sep 2026 and gets nothing before. After that: digests at 07:00"),
        ("pending", "has not confirmed the address yet and gets nothing. Once they confirm: digests at 07:00"),
        ("unsubscribed", "is unsubscribed and gets nothing. If they came back: digests at 07:00"),
        ("suppressed", "is suppressed, must not be emailed, and gets nothing."),
    ],
)
def test_it_says_that_who_is_not_active_gets_nothing(
    admin_client: Client, today: str, alice: Subscriber, status: str, words: str
) -> None:
    until = dt.date(2026, 9, 3) if status == "paused" else None
    Subscriber.objects.filter(pk=alice.pk).update(status=status, paused_until=until)
    page = admin_client.get(today).content.decode()
    assert f"alice@example.org {words}" in page
    assert ("2 of 3 papers match" if status == "active" else "2 of 3 papers would match") in page


def test_its_links_lead_nowhere_in_the_readers_name(admin_client: Client, today: str) -> None:
    page = admin_client.get(today).content.decode()
    assert "/unsubscribe/" not in page
    assert "/preferences/" not in page
    assert "/digests/" not in page


def test_it_says_why_a_reader_would_get_nothing(admin_client: Client, edition: Edition, bob: Subscriber) -> None:
    bob.filters.all().delete()
    bob.filters.create(words="zebrafish")
    page = admin_client.get(f"/admin/subscriptions/subscriber/{bob.pk}/today/").content.decode()
    assert "Nothing in the edition of 2026-08-20 matches what they follow: no email is sent." in page


def test_it_takes_few_queries(admin_client: Client, today: str, django_assert_max_num_queries: Any) -> None:
    admin_client.get(today)
    with django_assert_max_num_queries(15):
        admin_client.get(today)


def test_a_test_email_goes_to_any_address_and_is_logged(admin_client: Client, today: str, alice: Subscriber) -> None:
    page = admin_client.post(today, {"_send_test": "1", "send_to": "colleague@example.org"}).content.decode()
    (sent,) = mail.outbox
    assert sent.to == ["colleague@example.org"]
    assert sent.subject.startswith("Preview: ")
    assert "Sent to colleague@example.org." in page
    entry = LogEntry.objects.exclude(change_message="Opened the page.").get()
    assert entry.object_id == str(alice.pk)
    assert entry.change_message == f"Sent a test email to colleague@example.org, as reader {alice.uid}."


def test_no_test_email_goes_to_a_suppressed_address(admin_client: Client, today: str) -> None:
    lifecycle.suppress("left@example.org", "admin")
    page = admin_client.post(today, {"_send_test": "1", "send_to": "left@example.org"}).content.decode()
    assert "This address is suppressed" in page
    assert mail.outbox == []


def test_staff_send_a_limited_number_of_test_emails(
    admin_client: Client, today: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_preview, "TEST_EMAILS", [(1, dt.timedelta(hours=1))])
    form = {"_send_test": "1", "send_to": "colleague@example.org"}
    admin_client.post(today, form)
    assert "reached the limit for test emails" in admin_client.post(today, form).content.decode()
    assert len(mail.outbox) == 1


def test_staff_who_may_view_see_it_and_send_nothing(client: Client, today: str) -> None:
    looker = staff(client, "view_subscriber")
    page = looker.get(today).content.decode()
    assert "2 of 3 papers match" in page
    assert "_send_test" not in page
    assert looker.post(today, {"_send_test": "1", "send_to": "a@example.org"}).status_code == 403
    assert mail.outbox == []


def test_it_is_hidden_from_staff_who_may_not_view_readers(client: Client, today: str) -> None:
    assert staff(client, "view_edition").get(today).status_code == 403


@pytest.mark.parametrize(("right", "status"), [("change_subscriber", 302), ("view_subscriber", 403)])
def test_staff_who_may_change_readers_email_them_their_link(
    client: Client, alice: Subscriber, right: str, status: int
) -> None:
    may = staff(client, right, "view_subscriber")
    address = f"/admin/subscriptions/subscriber/{alice.pk}/link/"
    assert may.get(address).status_code == 405
    assert may.post(address).status_code == status
    assert list(OwedNotice.objects.values_list("kind", flat=True)) == ["link"] * (status == 302)


def test_a_reader_gets_no_more_links_than_one_address_may(admin_client: Client, alice: Subscriber) -> None:
    address = f"/admin/subscriptions/subscriber/{alice.pk}/link/"
    for _ in range(3):
        admin_client.post(address)
        OwedNotice.objects.all().delete()
    page = admin_client.post(address, follow=True).content.decode()
    assert "1 skipped: suppressed, or they had as many such emails as one address may." in page
    assert not OwedNotice.objects.exists()


def test_an_unknown_reader_or_edition_is_no_error_of_ours(admin_client: Client, today: str, alice: Subscriber) -> None:
    assert admin_client.get(today.replace(f"/{alice.pk}/", "/99999/")).status_code == 404
    assert admin_client.get(f"{today}?edition=abc").status_code == 200
    assert alice.confirmed_at is not None
    assert alice.confirmed_at < NOW


def test_the_list_shows_when_each_reader_got_the_last_digest(
    admin_client: Client, edition: Edition, alice: Subscriber
) -> None:
    readers = "/admin/subscriptions/subscriber/"
    assert '<td class="field-last_digest">–</td>' in admin_client.get(readers).content.decode()
    sent = {"edition": edition, "subscriber": alice, "status": "sent", "queued_at": NOW, "not_before": NOW}
    Delivery.objects.create(**sent, sent_at=NOW)
    assert '<td class="field-last_digest nowrap">20 Aug 2026</td>' in admin_client.get(readers).content.decode()


def test_the_list_hides_digests_from_staff_who_may_not_view_them(client: Client, alice: Subscriber) -> None:
    page = staff(client, "view_subscriber").get("/admin/subscriptions/subscriber/").content.decode()
    assert alice.email.partition("@")[0] in page
    assert "last_digest" not in page
