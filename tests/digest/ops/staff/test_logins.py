"""Logins to the admin, and the limits on attempts."""

import datetime as dt
import logging
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from digest.ops.staff import logins
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
LOGIN = "/admin/login/"
RIGHT = "correct horse battery"
LIMITED = "Too many passwords were tried."


@pytest.fixture(autouse=True)
def ada(db: None, settings: Any) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a quick one
    return User.objects.create_superuser("ada", "ada@example.org", RIGHT)


def log_in(client: Client, password: str = RIGHT, account: str = "ada", network: str = "192.0.2.1") -> str:
    """Try a password, and return the error on the page; "" after a login."""
    answer = client.post(LOGIN, {"username": account, "password": password}, REMOTE_ADDR=network)
    return answer.content.decode()


def test_fifty_wrong_passwords_lock_the_account(client: Client) -> None:
    pages = [log_in(client, f"wrong {number}") for number in range(50)]
    assert [LIMITED in page for page in pages] == [False] * 10 + [True] * 40
    page = log_in(client)
    assert f"{LIMITED} Wait until {NOW + dt.timedelta(minutes=15):%Y-%m-%d %H:%M} UTC, then try again." in page
    assert "sessionid" not in client.cookies


def test_the_lock_ends_by_itself(client: Client) -> None:
    for _ in range(11):
        log_in(client, "wrong")
    with time_machine.travel(NOW + dt.timedelta(minutes=15, seconds=1), tick=False):
        assert log_in(client) == ""
    assert "sessionid" in client.cookies


def test_an_account_takes_fifty_passwords_a_day_however_slowly(client: Client) -> None:
    for quarter in range(6):
        with time_machine.travel(NOW + quarter * dt.timedelta(minutes=16), tick=False):
            pages = [log_in(client, "wrong") for _ in range(10)]
            assert [LIMITED in page for page in pages] == [quarter == 5] * 10


def test_it_counts_an_account_over_all_networks(client: Client) -> None:
    for number in range(10):
        log_in(client, "wrong", network=f"192.0.2.{number + 2}")
    assert LIMITED in log_in(client, network="198.51.100.1")


def test_it_counts_a_network_over_all_accounts_also_those_that_do_not_exist(client: Client) -> None:
    for number in range(30):
        assert LIMITED not in log_in(client, "wrong", account=f"account {number}")
    assert LIMITED in log_in(client)
    assert log_in(client, network="198.51.100.1") == ""


def test_it_counts_an_ipv6_site_as_one_network(client: Client) -> None:
    for number in range(30):
        log_in(client, "wrong", account=f"account {number}", network=f"2001:db8:1:{number:x}::1")
    assert LIMITED in log_in(client, network="2001:db8:1:ffff::1")
    assert log_in(client, network="2001:db8:2::1") == ""


def test_an_attacker_locks_no_admin_out_of_a_browser_that_has_logged_in_before(client: Client) -> None:
    assert log_in(client) == ""
    client.post("/admin/logout/")
    attacker = Client()
    for number in range(60):
        log_in(attacker, "wrong", network=f"192.0.2.{number % 3}")
    assert LIMITED in log_in(attacker)
    assert log_in(client) == ""


def test_a_known_browser_has_its_own_limit(client: Client) -> None:
    log_in(client)
    client.post("/admin/logout/")
    for _ in range(10):
        log_in(client, "wrong")
    assert LIMITED in log_in(client)
    assert log_in(Client()) == ""


def test_a_browser_is_known_only_for_the_account_that_it_logged_in_to(client: Client) -> None:
    User.objects.create_superuser("eve", "eve@example.org", "a long password of eve")
    assert log_in(client, "a long password of eve", account="eve") == ""
    client.post("/admin/logout/")
    for _ in range(10):
        log_in(client, "wrong")
    assert LIMITED in log_in(client)


@pytest.mark.parametrize("forged", ["", "nonsense", "WyJhZGEiLCAiYSJd:1tB:x", "a" * 5_000])
def test_a_forged_cookie_makes_no_browser_known(client: Client, forged: str) -> None:
    for _ in range(10):
        client.cookies[logins.COOKIE] = forged
        log_in(client, "wrong")
    assert LIMITED in log_in(client)


def test_a_login_sets_the_count_back(client: Client) -> None:
    for _ in range(3):
        for _ in range(9):
            assert LIMITED not in log_in(client, "wrong", network="")
        assert log_in(Client(), network="") == ""


def test_the_cookie_is_for_the_admin_alone(client: Client, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    assert logins.COOKIE not in client.get(LOGIN).cookies
    log_in(client, "wrong")
    assert logins.COOKIE not in client.cookies
    log_in(client)
    cookie = client.cookies[logins.COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["secure"], cookie["samesite"]) == (
        "/admin/",
        True,
        True,
        "Strict",
    )


def test_it_warns_of_a_lock_once_in_a_quarter_of_an_hour(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(20):
        log_in(client, "wrong")
    warnings = [record for record in caplog.records if record.name == "digest.ops.staff.logins"]
    assert [(record.levelno, record.getMessage()) for record in warnings] == [
        (logging.WARNING, "Too many passwords were tried for the account 'ada', the last from 192.0.2.1")
    ]


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("1", "too short"),
        ("eleven-char", "at least 12 characters"),
        ("qwertyuiop123", "too common"),
        ("495731846205", "entirely numeric"),
        ("ada.lovelace1", "too similar to the username"),
        ("ada.lovelaceada.lovelace", "too similar to the username"),
        (RIGHT, None),
    ],
)
def test_a_password_must_be_long_and_unusual(admin_client: Client, password: str, said: str | None) -> None:
    form = {"username": "ada.lovelace", "usable_password": "true", "password1": password, "password2": password}
    page = admin_client.post("/admin/auth/user/add/", form).content.decode()
    assert (said in page) if said else page == ""
    assert User.objects.filter(username="ada.lovelace").exists() is (said is None)


def test_an_account_can_be_made_on_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    passwords = iter(["short", "short", "another long password", "another long password"])
    answers = iter(["n"])  # to whether the validation should be bypassed
    monkeypatch.setattr("getpass.getpass", lambda *prompt: next(passwords))
    monkeypatch.setattr("builtins.input", lambda *prompt: next(answers))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    call_command("createsuperuser", username="grace", email="grace@example.org", interactive=True)
    assert "at least 12 characters" in capsys.readouterr().err
    assert User.objects.get(username="grace").check_password("another long password")


def test_an_account_can_be_made_by_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "another long password")
    call_command("createsuperuser", username="grace", email="grace@example.org", interactive=False)
    assert User.objects.get(username="grace").is_superuser
