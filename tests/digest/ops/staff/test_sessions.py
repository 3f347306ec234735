"""Sessions of staff, and how they end."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from digest.ops.staff import sessions
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def is_in(client: Client, at: dt.datetime = NOW) -> bool:
    with time_machine.travel(at, tick=False):
        return bool(client.get("/admin/account/").status_code == 200)


def test_a_session_ends_twelve_hours_after_the_last_visit(admin_client: Client) -> None:
    assert is_in(admin_client, NOW + 11 * HOUR)
    assert is_in(admin_client, NOW + 22 * HOUR)
    assert not is_in(admin_client, NOW + 35 * HOUR)
    assert not Session.objects.exists()


def test_a_session_ends_after_fourteen_days_however_often_it_is_used(admin_client: Client) -> None:
    visits = [is_in(admin_client, NOW + half_days * 12 * HOUR) for half_days in range(30)]
    assert visits == [True] * 29 + [False]


def test_a_site_can_set_other_times(admin_client: Client, settings: Any) -> None:
    settings.STAFF_IDLE_HOURS = 1
    assert not is_in(admin_client, NOW + HOUR + dt.timedelta(seconds=1))


def test_a_session_is_not_written_at_each_visit(admin_client: Client, django_assert_num_queries: Any) -> None:
    is_in(admin_client)
    before = Session.objects.get().session_data
    assert is_in(admin_client, NOW + dt.timedelta(minutes=4))
    assert Session.objects.get().session_data == before


def test_a_session_from_before_an_upgrade_goes_on(admin_client: Client) -> None:
    session = admin_client.session
    del session[sessions.BEGAN], session[sessions.SEEN]
    session.save()
    assert is_in(admin_client)
    assert not is_in(admin_client, NOW + 13 * HOUR)


@pytest.fixture
def elsewhere(admin_user: User) -> Client:
    client = Client()
    client.force_login(admin_user)
    return client


def test_a_new_password_ends_the_other_sessions(admin_client: Client, admin_user: User, elsewhere: Client) -> None:
    new = "another long password"
    form = {"old_password": "password", "new_password1": new, "new_password2": new}
    assert admin_client.post("/admin/password_change/", form).status_code == 302
    assert is_in(admin_client)
    assert not is_in(elsewhere)


def test_a_button_logs_out_everywhere_else(admin_client: Client, elsewhere: Client) -> None:
    other = Client()
    other.force_login(User.objects.create_superuser("eve"))
    answer = admin_client.post("/admin/account/", {"_log_out": ""}, follow=True)
    assert "You are logged out everywhere else." in answer.content.decode()
    assert [is_in(client) for client in (admin_client, elsewhere, other)] == [True, False, True]


def test_old_sessions_are_deleted(admin_client: Client) -> None:
    assert sessions.delete_old(now=NOW + 13 * DAY) == 0
    assert sessions.delete_old(now=NOW + 15 * DAY) == 1


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: Client, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    User.objects.create_superuser("ada", password="correct horse battery")
    client.post("/admin/login/", {"username": "ada", "password": "correct horse battery"})
    cookie = client.cookies["sessionid"]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax")
    assert cookie["max-age"] == 14 * 86_400
