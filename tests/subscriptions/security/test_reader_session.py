"""The cookie of a signed-in reader, on public pages."""

from typing import Any

import pytest
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.test import Client

from subscriptions.models import Device, Subscriber, Suppression
from subscriptions.readers import address_change, lifecycle
from subscriptions.security import devices, reader_session
from tests.conftest import NOW

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

pytestmark = pytest.mark.usefixtures("edition", "now")


def sign_in(client: Client, reader: Subscriber) -> str:
    """Sign the client in, and return the value of its cookie."""
    value: str = cookie_of(reader).value
    client.cookies[reader_session.cookie_name()] = value
    return value


def cookie_of(reader: Subscriber, before: str = "") -> Any:
    """Sign a device in that had the cookie `before`. Return its new one."""
    request = HttpRequest()
    request.META["HTTP_USER_AGENT"] = FIREFOX
    request.COOKIES |= {reader_session.cookie_name(): before} if before else {}
    reader_session.sign_in(request, reader)
    return reader_session.finish(request, HttpResponse()).cookies[reader_session.cookie_name()]


def is_signed_in(client: Client) -> bool:
    return 'class="reader-nav"' in client.get("/").text


def test_a_signed_in_reader_is_known_on_public_pages(client: Client, alice: Subscriber) -> None:
    assert not is_signed_in(client)
    sign_in(client, alice)
    assert is_signed_in(client)
    assert Device.objects.get().label == "Firefox · Linux"


def test_strangers_get_no_cookie_and_a_page_that_caches_may_keep(client: Client) -> None:
    for path in ("/", "/topics/", "/papers/arxiv:2608.00001/", "/search", "/subscribe/", "/privacy/"):
        response = client.get(path)
        assert not response.cookies, path
        assert "private" not in response.headers.get("Cache-Control", ""), path
        assert "Cookie" in response.headers["Vary"], path


def test_a_readers_page_is_private_and_is_never_shown_to_strangers(client: Client, alice: Subscriber) -> None:
    sign_in(client, alice)
    response = client.get("/")
    assert "private" in response.headers["Cache-Control"]
    assert "public" not in response.headers["Cache-Control"]
    assert "Cookie" in response.headers["Vary"]
    assert "ETag" not in response.headers
    assert not is_signed_in(Client())


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: Client, alice: Subscriber) -> None:
    cookie = cookie_of(alice)
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")


def test_behind_https_the_cookie_is_secure_and_bound_to_the_host(alice: Subscriber, settings: Any) -> None:
    settings.SITE_URL = "https://papers.example.org"
    assert reader_session.cookie_name() == "__Host-reader"
    assert cookie_of(alice)["secure"]
    settings.SITE_URL = "http://localhost:8000"
    assert reader_session.cookie_name() == "reader"
    assert not cookie_of(alice)["secure"]


def test_the_database_holds_no_token_that_signs_in(client: Client, alice: Subscriber) -> None:
    value = sign_in(client, alice)
    token = value.split(":")[0]
    assert token not in str(list(Device.objects.values()))


@pytest.mark.parametrize(
    "change", [lambda v: v[:-1] + ("A" if v[-1] != "A" else "B"), lambda v: v.swapcase(), lambda v: ""]
)
def test_an_altered_cookie_signs_no_one_in_and_is_removed(client: Client, alice: Subscriber, change: Any) -> None:
    client.cookies[reader_session.cookie_name()] = change(sign_in(client, alice))
    response = client.get("/")
    assert 'class="reader-nav"' not in response.text
    assert "private" in response.headers["Cache-Control"]
    assert response.cookies[reader_session.cookie_name()]["max-age"] == 0


def test_a_token_that_was_not_made_here_signs_no_one_in(client: Client, alice: Subscriber) -> None:
    unknown = signing.TimestampSigner(salt=reader_session.cookie_name() + reader_session.SALT).sign("A" * 43)
    client.cookies[reader_session.cookie_name()] = unknown
    assert not is_signed_in(client)


def test_a_copied_cookie_works_until_its_device_is_signed_out(client: Client, alice: Subscriber) -> None:
    thief = Client()
    thief.cookies[reader_session.cookie_name()] = sign_in(client, alice)
    assert is_signed_in(thief)
    devices.revoke(alice, Device.objects.get().pk)
    assert not is_signed_in(thief)
    assert not is_signed_in(client)


def test_signing_out_everywhere_signs_out_all_devices(client: Client, alice: Subscriber) -> None:
    other = Client()
    sign_in(client, alice)
    sign_in(other, alice)
    address_change.sign_out_links(alice, now=NOW)
    assert not is_signed_in(client)
    assert not is_signed_in(other)


def test_readers_who_leave_or_move_are_signed_out(client: Client, alice: Subscriber) -> None:
    sign_in(client, alice)
    lifecycle.unsubscribe(alice, now=NOW)
    assert not Device.objects.exists()


def test_readers_whose_address_is_suppressed_are_signed_out(client: Client, alice: Subscriber) -> None:
    sign_in(client, alice)
    lifecycle.suppress(alice.email, Suppression.Reason.COMPLAINED)
    assert not Device.objects.exists()


def test_signing_in_again_replaces_the_token(client: Client, alice: Subscriber) -> None:
    before = sign_in(client, alice)
    assert cookie_of(alice, before).value != before
    assert Device.objects.count() == 1


def test_a_reader_keeps_at_most_twenty_devices(alice: Subscriber) -> None:
    for _number in range(devices.MAX_DEVICES + 3):
        devices.add(alice, FIREFOX, now=NOW)
    assert Device.objects.count() == devices.MAX_DEVICES
