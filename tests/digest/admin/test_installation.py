"""The admin's page after a restore: two buttons, and what they do."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from digest.delivery import high_water, pauses
from digest.delivery.high_water import HighWaterMark
from digest.models import Delivery, Edition, Installation
from digest.ops.recovery import guard
from tests.conftest import NOW, TODAY
from tests.digest.delivery.conftest import queue_readers

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(edition: Edition, now: dt.datetime) -> str:
    """The page of a database that has forgotten two digests."""
    queue_readers(edition, 2)
    high_water.write(Installation.load().incarnation, HighWaterMark(9, NOW.isoformat(), str(TODAY)))
    assert not guard.may_send(now=NOW)
    return reverse("admin:digest_installation_settle")


def test_the_first_page_links_to_the_decision(admin_client: Client, page: str) -> None:
    assert page in admin_client.get(reverse("admin:index")).content.decode()


def test_it_says_what_is_known(admin_client: Client, page: str) -> None:
    shown = admin_client.get(page).content.decode()
    assert "The database is older than what was already sent" in shown
    assert f"The last known email left at {NOW:%d %b %Y, %H:%M} UTC" in shown
    assert pauses.current() is not None


def test_sending_what_is_missing_ends_the_pause(admin_client: Client, page: str) -> None:
    answer = admin_client.post(page, {"send": "1"}, follow=True)
    assert "2 waiting to be sent" in answer.content.decode()
    assert pauses.current() is None


def test_counting_as_sent_skips_what_was_due(admin_client: Client, page: str) -> None:
    admin_client.post(page, {"count": "1", "until_0": f"{NOW:%Y-%m-%d}", "until_1": f"{NOW:%H:%M}"})
    assert set(Delivery.objects.values_list("status", flat=True)) == {"skipped"}
    assert pauses.current() is None


def test_a_time_in_the_future_is_refused(admin_client: Client, page: str) -> None:
    answer = admin_client.post(page, {"count": "1", "until_0": "2999-01-01", "until_1": "00:00"})
    assert "That is in the future." in answer.content.decode()
    assert pauses.current() is not None


def test_there_is_nothing_to_decide_otherwise(admin_client: Client) -> None:
    assert (
        "There is nothing to decide" in admin_client.get(reverse("admin:digest_installation_settle")).content.decode()
    )


def test_it_needs_the_permission_to_end_pauses(client: Client, django_user_model: type, page: str) -> None:
    client.force_login(django_user_model.objects.create_user("staff", is_staff=True))  # type: ignore[attr-defined]
    assert client.post(page, {"send": "1"}).status_code in (302, 403)
    assert pauses.current() is not None
