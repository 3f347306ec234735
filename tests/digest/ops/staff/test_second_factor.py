"""The second factor of staff: setting it up, logging in with it, and what happens without it."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from digest.models import RecoveryCode
from digest.ops.staff import second_factor
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
LOGIN, CODE, SET_UP, ACCOUNT = "/admin/login/", "/admin/account/code/", "/admin/account/set-up/", "/admin/account/"
PASSWORD = "correct horse battery"


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_superuser("ada", "ada@example.org", PASSWORD)


@pytest.fixture
def device(ada: User) -> TOTPDevice:
    return TOTPDevice.objects.create(user=ada, name="phone")


def code_of(device: TOTPDevice) -> str:
    """Return what the app shows now."""
    return f"{totp(device.bin_key):06}"


def give_password(client: Client, account: str = "ada", path: str = "/admin/digest/paper/") -> Any:
    return client.post(f"{LOGIN}?next={path}", {"username": account, "password": PASSWORD, "next": path})


def give_code(client: Client, code: str = "", recovery: str = "") -> Any:
    return client.post(CODE, {"code": code, "recovery_code": recovery, "next": "/admin/digest/paper/"})


def is_in(client: Client) -> bool:
    return bool(client.get("/admin/digest/paper/").status_code == 200)


def test_the_code_is_asked_for_after_the_password(client: Client, device: TOTPDevice) -> None:
    answer = give_password(client)
    assert unquote(answer["Location"]) == f"{CODE}?next=/admin/digest/paper/"
    assert not is_in(client)
    page = client.get(answer["Location"]).content.decode()
    assert 'autocomplete="one-time-code"' in page
    assert "Editions" not in page  # the menu
    answer = give_code(client, code_of(device))
    assert (answer.status_code, answer["Location"]) == (302, "/admin/digest/paper/")
    assert is_in(client)


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/digest/paper/autocomplete/", "/admin/jsi18n/", "/admin/password_change/", ACCOUNT]
)
def test_nothing_opens_before_the_code(client: Client, device: TOTPDevice, path: str) -> None:
    give_password(client)
    for answer in (client.get(path), client.post(path, {"password": PASSWORD, "_remove": ""})):
        assert answer["Location"].startswith(f"{LOGIN}?next=")
    assert client.get(LOGIN)["Location"].startswith(CODE)
    assert TOTPDevice.objects.exists()


def test_a_session_from_before_counts_as_logged_out_once_there_is_a_factor(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert is_in(client)
    TOTPDevice.objects.create(user=ada, name="phone")
    assert not is_in(client)


def test_the_session_gets_a_new_key_with_the_code(client: Client, device: TOTPDevice) -> None:
    give_password(client)
    before = client.cookies["sessionid"].value
    give_code(client, code_of(device))
    assert client.cookies["sessionid"].value != before


def test_a_code_is_taken_once(client: Client, device: TOTPDevice) -> None:
    code = code_of(device)
    give_password(client)
    give_code(client, code)
    other = Client()
    give_password(other)
    page = give_code(other, code).content.decode()
    assert "This code is wrong, or was used before." in page
    assert not is_in(other)
    with time_machine.travel(NOW + dt.timedelta(seconds=30), tick=False):
        give_code(other, code_of(device))
        assert is_in(other)


@pytest.mark.parametrize("wrong", ["", "12345", "1234567", "abcdef", "-12345", "12 34", "１２３４５６"])
def test_it_refuses_what_is_no_code(client: Client, device: TOTPDevice, wrong: str) -> None:
    give_password(client)
    assert give_code(client, wrong).status_code == 200
    assert not is_in(client)


def test_spaces_in_a_code_are_ignored(client: Client, device: TOTPDevice) -> None:
    give_password(client)
    code = code_of(device)
    give_code(client, f"{code[:3]} {code[3:]}")
    assert is_in(client)


def test_codes_have_a_limit_that_a_new_login_does_not_reset(client: Client, device: TOTPDevice, caplog: Any) -> None:
    pages = []
    for number in range(12):
        give_password(client)  # by each, the browser would become known
        pages.append(give_code(client, f"{number:06}").content.decode())
        client.cookies.pop("sessionid")
    assert ["Too many codes were tried." in page for page in pages] == [False] * 10 + [True] * 2
    assert "Too many codes were tried for the account 'ada'" in caplog.text
    give_password(client)
    assert "Too many codes" in give_code(client, code_of(device)).content.decode()


def test_the_time_for_the_code_is_limited(client: Client, device: TOTPDevice) -> None:
    give_password(client)
    with time_machine.travel(NOW + dt.timedelta(minutes=16), tick=False):
        give_code(client, code_of(device))
        assert not is_in(client)
        assert client.get(LOGIN).status_code == 200  # asks for the password again


def test_it_does_not_lead_to_other_sites(client: Client, device: TOTPDevice) -> None:
    give_password(client)
    answer = client.post(CODE, {"code": code_of(device), "next": "https://evil.example/"})
    assert answer["Location"] == "/admin/"


def test_a_half_logged_in_user_can_start_over(client: Client, device: TOTPDevice) -> None:
    give_password(client)
    assert client.post(CODE, {"_cancel": ""})["Location"] == LOGIN
    assert client.get(LOGIN).status_code == 200


@pytest.fixture
def add_app(client: Client) -> Callable[[], Any]:
    """Set up an app on the page, as a person does. Return the page with the recovery codes."""

    def run() -> Any:
        page = client.get(SET_UP).content.decode()
        key = re.search(r'name="key" value="([^"]+)"', page)
        assert key
        assert "data:image/svg+xml" in page
        shown = second_factor.device_with(User.objects.get(), key[1])
        assert shown
        given = {"password": PASSWORD} if 'name="password"' in page else {}
        return client.post(SET_UP, {"key": key[1], "code": code_of(shown), "next": "/admin/"} | given)

    return run


def test_it_is_set_up_with_the_first_code(client: Client, ada: User, add_app: Callable[[], Any]) -> None:
    client.force_login(ada)
    page = add_app()
    codes = re.findall(r"<code>([a-z0-9-]{14})</code>", page.content.decode())
    assert len(set(codes)) == second_factor.CODES
    assert "no-store" in page["Cache-Control"]
    assert is_in(client)
    stored = list(RecoveryCode.objects.values_list("code_hash", flat=True))
    assert len(stored) == second_factor.CODES
    assert not any(code.replace("-", "") in value for code in codes for value in stored)
    assert LogEntry.objects.filter(change_message="Set up a second factor.").count() == 1


@pytest.mark.parametrize("password", [{}, {"password": ""}, {"password": "wrong"}])
def test_no_one_sets_one_up_at_a_desk_that_someone_left(client: Client, ada: User, password: dict[str, str]) -> None:
    client.force_login(ada)
    key = second_factor.new_key(ada)
    shown = second_factor.device_with(ada, key)
    assert shown
    answer = client.post(SET_UP, {"key": key, "code": code_of(shown)} | password)
    assert 'name="password"' in answer.text
    assert not TOTPDevice.objects.exists()


def test_looking_at_the_page_stores_nothing(client: Client, ada: User) -> None:
    client.force_login(ada)
    client.get(SET_UP)
    assert not TOTPDevice.objects.exists()


@pytest.mark.parametrize("key", ["", "nonsense", "of another"])
def test_it_takes_no_key_that_it_did_not_show(client: Client, ada: User, key: str) -> None:
    other = User.objects.create_user("eve")
    key = second_factor.new_key(other) if key == "of another" else key
    client.force_login(ada)
    assert client.post(SET_UP, {"key": key, "code": "123456", "password": PASSWORD}).status_code == 200
    assert not TOTPDevice.objects.exists()


def test_a_wrong_first_code_stores_nothing_and_keeps_the_key(client: Client, ada: User) -> None:
    client.force_login(ada)
    key = second_factor.new_key(ada)
    page = client.post(SET_UP, {"key": key, "code": "000000", "password": PASSWORD}).content.decode()
    assert "This code is wrong." in page
    assert key in page
    assert not TOTPDevice.objects.exists()


def test_a_recovery_code_works_once(client: Client, ada: User, device: TOTPDevice) -> None:
    code, *_ = second_factor.make_recovery_codes(ada)
    give_password(client)
    give_code(client, recovery=code.upper().replace("-", " "))
    assert is_in(client)
    other = Client()
    give_password(other)
    assert "This recovery code is wrong, or was used before." in give_code(other, recovery=code).content.decode()
    assert LogEntry.objects.filter(change_message="Logged in with a recovery code.").count() == 1


def test_recovery_codes_of_one_account_open_no_other(client: Client, ada: User, device: TOTPDevice) -> None:
    eve = User.objects.create_superuser("eve", password=PASSWORD)
    give_password(client)
    give_code(client, recovery=second_factor.make_recovery_codes(eve)[0])
    assert not is_in(client)


@pytest.fixture
def inside(client: Client, ada: User, device: TOTPDevice) -> Client:
    give_password(client)
    give_code(client, code_of(device))
    return client


def test_new_recovery_codes_replace_the_old(inside: Client, ada: User) -> None:
    (old, *_) = second_factor.make_recovery_codes(ada)
    page = inside.post(ACCOUNT, {"password": PASSWORD, "_codes": ""}).content.decode()
    assert len(re.findall(r"<code>[a-z0-9-]{14}</code>", page)) == second_factor.CODES
    assert not second_factor.take_recovery_code(ada, old)


@pytest.mark.parametrize("button", ["_codes", "_remove"])
def test_the_factor_is_changed_with_the_password_only(inside: Client, ada: User, button: str) -> None:
    codes = second_factor.make_recovery_codes(ada)
    page = inside.post(ACCOUNT, {"password": "wrong", button: ""}).content.decode()
    assert "This is not your password." in page
    assert TOTPDevice.objects.exists()
    assert second_factor.take_recovery_code(ada, codes[0])


def test_the_password_is_not_guessed_there(inside: Client) -> None:
    pages = [inside.post(ACCOUNT, {"password": f"wrong {n}", "_remove": ""}).content.decode() for n in range(11)]
    assert "Too many passwords were tried." in pages[-1]


def test_a_user_removes_their_own_factor(inside: Client) -> None:
    inside.post(ACCOUNT, {"password": PASSWORD, "_remove": ""})
    assert not TOTPDevice.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert is_in(inside)
    assert "Removed the second factor." in LogEntry.objects.values_list("change_message", flat=True)


@pytest.mark.parametrize(
    ("rule", "is_superuser", "asked"),
    [
        ("off", True, False),
        ("superusers", True, True),
        ("superusers", False, False),
        ("staff", True, True),
        ("staff", False, True),
    ],
)
def test_a_site_can_require_it(
    client: Client, ada: User, settings: Any, rule: str, is_superuser: bool, asked: bool
) -> None:
    settings.REQUIRE_SECOND_FACTOR = rule
    User.objects.update(is_superuser=is_superuser)
    answer = give_password(client, path="/admin/")
    assert unquote(answer["Location"]) == (f"{SET_UP}?next=/admin/" if asked else "/admin/")
    assert client.get("/admin/").status_code == (302 if asked else 200)


def test_who_must_have_one_works_after_setting_it_up(
    client: Client, ada: User, settings: Any, add_app: Callable[[], Any]
) -> None:
    settings.REQUIRE_SECOND_FACTOR = "superusers"
    give_password(client)
    assert not is_in(client)
    add_app()
    assert is_in(client)
    assert client.get(SET_UP)["Location"] == "/admin/"


def test_a_stranger_sees_none_of_the_pages(client: Client) -> None:
    for path in (CODE, SET_UP, ACCOUNT):
        answer = client.get(path, follow=True)
        assert answer.redirect_chain[-1][0].startswith(LOGIN)


def test_a_lost_phone_is_removed_by_a_command(ada: User, device: TOTPDevice, capsys: Any) -> None:
    second_factor.make_recovery_codes(ada)
    call_command("reset_second_factor", "ada")
    assert "ada logs in with the password alone now" in capsys.readouterr().out
    assert not TOTPDevice.objects.exists()
    assert not RecoveryCode.objects.exists()
    with pytest.raises(CommandError, match="has no second factor"):
        call_command("reset_second_factor", "ada")
    with pytest.raises(CommandError, match="There is no account eve"):
        call_command("reset_second_factor", "eve")
