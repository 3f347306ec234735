"""The card on a reader's page: what they get and when, and the buttons that pause, resume and unsubscribe."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from digest.models import Edition
from digest.opinions import reading_list
from digest.ops import reader_summary
from subscriptions.models import Consent, Subscriber
from tests.conftest import NOW

pytestmark = pytest.mark.usefixtures("now")


@pytest.fixture
def page(edition: Edition, alice: Subscriber) -> str:
    return f"/admin/subscriptions/subscriber/{alice.pk}/"


def logged() -> list[str]:
    return [entry.change_message for entry in LogEntry.objects.exclude(change_message="Opened the page.")]


def test_it_says_what_the_reader_gets_and_when(admin_client: Client, page: str, alice: Subscriber) -> None:
    Subscriber.objects.filter(pk=alice.pk).update(time_zone="Europe/Berlin", send_hour=7)
    shown = admin_client.get(f"{page}change/").content.decode()
    assert "This reader is active and gets digests at 07:00 Berlin time, on days with a match." in shown
    assert "Fri, 21 Aug 2026, 07:00 Berlin time, if papers match" in shown
    assert "None yet" in shown


@pytest.mark.parametrize("status", ["pending", "unsubscribed", "suppressed"])
def test_no_next_digest_is_named_for_who_gets_none(page: str, alice: Subscriber, status: str) -> None:
    alice.status = status
    assert reader_summary.next_digest(alice, now=NOW) is None


def test_the_next_digest_of_a_paused_reader_comes_after_the_pause(page: str, alice: Subscriber) -> None:
    alice.status, alice.paused_until = "paused", NOW.date() + dt.timedelta(weeks=2)
    due = reader_summary.next_digest(alice, now=NOW)
    assert due is not None
    assert due.date() >= alice.paused_until


def test_a_paper_that_was_taken_off_the_list_is_not_counted(edition: Edition, alice: Subscriber) -> None:
    first, second, _ = edition.papers.order_by("pk")
    for paper in (first, second):
        reading_list.save(alice, paper, now=NOW)
    reading_list.remove(alice, first, now=NOW)
    assert reader_summary.summary_of(alice, now=NOW).saves == 1


def test_a_reader_is_paused_until_a_day_and_resumed(admin_client: Client, page: str, alice: Subscriber) -> None:
    assert "is active and gets digests" in admin_client.get(f"{page}pause/").content.decode()
    refused = admin_client.post(f"{page}pause/", {"until": "2026-08-20"}).content.decode()
    assert "Choose a day from tomorrow to 21 Aug 2027." in refused
    shown = admin_client.post(f"{page}pause/", {"until": "2026-09-03"}, follow=True).content.decode()
    assert "is paused until 3 Sep 2026 and gets nothing before." in shown
    assert admin_client.get(f"{page}resume/").status_code == 405
    shown = admin_client.post(f"{page}resume/", follow=True).content.decode()
    assert "This reader is active" in shown
    assert sorted(logged()) == ["Ended the pause.", "Paused until 3 Sep 2026."]


def test_a_reader_is_unsubscribed_after_a_page_that_asks(admin_client: Client, page: str, alice: Subscriber) -> None:
    assert "They get no more emails" in admin_client.get(f"{page}unsubscribe/").content.decode()
    alice.refresh_from_db()
    assert alice.status == "active"
    shown = admin_client.post(f"{page}unsubscribe/", follow=True).content.decode()
    assert "is unsubscribed and gets nothing. If they came back" in shown
    assert "Unsubscribe…" not in shown
    assert logged() == ["Unsubscribed."]
    assert Consent.objects.filter(reader_uid=alice.uid, event=Consent.Event.WITHDRAWN).exists()


@pytest.mark.parametrize("name", ["pause", "resume", "unsubscribe"])
def test_staff_who_may_only_view_readers_change_nothing(
    client: Client, page: str, alice: Subscriber, name: str
) -> None:
    user = User.objects.create_user("looks", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_subscriber"))
    client.force_login(user)
    shown = client.get(f"{page}change/").content.decode()
    assert "Unsubscribe…" not in shown
    assert "Last digest" not in shown
    assert client.post(f"{page}{name}/", {"until": "2026-09-03"}).status_code == 403
    alice.refresh_from_db()
    assert alice.status == "active"


def test_the_page_takes_few_queries(admin_client: Client, page: str, django_assert_max_num_queries: Any) -> None:
    admin_client.get(f"{page}change/")
    with django_assert_max_num_queries(15):
        admin_client.get(f"{page}change/")
