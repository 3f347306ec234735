"""The timeline of one reader."""

import datetime as dt

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from digest.delivery import planner
from digest.models import Delivery, DeliveryEvent, Edition, Opinion, SavedPaper
from subscriptions import audit
from subscriptions.models import Consent, Subscriber, Topic
from tests.conftest import NOW, make_reader

pytestmark = pytest.mark.usefixtures("now")


@pytest.fixture
def reader(edition: Edition, learning: Topic) -> Subscriber:
    """A reader of one digest, which bounced, with a like, a saved paper and an action of staff."""
    reader = make_reader("alice@example.org", topics=[learning])
    make_reader("bob@example.org", topics=[learning])
    planner.plan_everyone(edition, now=NOW)
    delivery = reader.deliveries.get()
    paper = edition.papers.all()[0]
    hours = [NOW + dt.timedelta(hours=hour) for hour in range(5)]
    Delivery.objects.filter(pk=delivery.pk).update(status="sent", sent_at=hours[1])
    DeliveryEvent.objects.create(
        delivery=delivery, event_key="one", event_type="bounced", meaning="soft", happened_at=hours[2], detail="Full"
    )
    Opinion.objects.create(subscriber=reader, paper=paper, verdict="like", said_at=hours[3])
    SavedPaper.objects.create(subscriber=reader, paper=paper, saved_at=hours[4])
    Consent.objects.filter(reader_uid=reader.uid).delete()
    Consent.objects.create(reader_uid=reader.uid, address_hash="0", event="confirmed", happened_at=NOW, where="link")
    return reader


def test_it_lists_what_matters_first(reader: Subscriber, admin_client: Client, edition: Edition) -> None:
    page = admin_client.get(f"/admin/subscriptions/subscriber/{reader.pk}/timeline/").content.decode()
    title = edition.papers.all()[0].title
    expected = [
        "Bounced soft. Full",
        "Digest of 20 Aug 2026: sent",
        "Confirmed by the link in the email. link",
        f"Likes it: {title}",
        f">{title}</a>",
    ]
    assert sorted(expected, key=page.index) == expected


def test_it_lists_the_actions_of_staff(reader: Subscriber, admin_client: Client, admin_user: User) -> None:
    audit.record(by=admin_user, action="Suppressed the address.", target=reader)
    page = admin_client.get(f"/admin/subscriptions/subscriber/{reader.pk}/timeline/").content.decode()
    assert "admin: Suppressed the address." in page


def test_it_folds_what_is_of_one_kind_on_one_day(reader: Subscriber, admin_client: Client, edition: Edition) -> None:
    for hour, paper in enumerate(edition.papers.all()[1:3]):
        SavedPaper.objects.create(subscriber=reader, paper=paper, saved_at=NOW + dt.timedelta(hours=hour))
    for _ in range(3):
        page = admin_client.get(f"/admin/subscriptions/subscriber/{reader.pk}/timeline/").content.decode()
    assert "<summary>3 papers saved</summary>" in page
    assert "<summary>3 times opened by staff</summary>" in page


def test_it_shows_one_kind_alone(reader: Subscriber, admin_client: Client) -> None:
    page = admin_client.get(f"/admin/subscriptions/subscriber/{reader.pk}/timeline/?kind=emails").content.decode()
    assert "Bounced soft. Full" in page
    assert "Likes it" not in page
    assert "Confirmed" not in page


def test_it_shows_no_more_than_staff_may_view(reader: Subscriber, client: Client) -> None:
    staff = User.objects.create_user("staff", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_subscriber"))
    client.force_login(staff)
    page = client.get(f"/admin/subscriptions/subscriber/{reader.pk}/timeline/").content.decode()
    assert "Nothing has happened yet" in page
    staff.user_permissions.add(Permission.objects.get(codename="view_opinion"))
    page = client.get(f"/admin/subscriptions/subscriber/{reader.pk}/timeline/").content.decode()
    assert "Likes it" in page
    assert "Bounced" not in page


def test_it_takes_few_queries(reader: Subscriber, admin_client: Client) -> None:
    address = f"/admin/subscriptions/subscriber/{reader.pk}/timeline/"
    admin_client.get(address)
    with CaptureQueriesContext(connection) as queries:
        admin_client.get(address)
    assert len(queries) <= 15


def test_there_is_no_page_without_a_reader(admin_client: Client) -> None:
    assert admin_client.get("/admin/subscriptions/subscriber/999999/timeline/").status_code == 404
