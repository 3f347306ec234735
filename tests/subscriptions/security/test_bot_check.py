"""The bot check: which posts are accepted at once, and which need one more click."""

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.test import Client

from subscriptions.models import FormPost
from subscriptions.security import bot_check
from tests.conftest import NOW, stamped

pytestmark = [pytest.mark.usefixtures("now"), pytest.mark.django_db]
PAGES = pytest.mark.parametrize("path", ["/subscribe/", "/preferences/"])
EMAIL = {"email": "ada@example.org"}


def is_taken(response: Any) -> bool:
    """Return whether the post was stored; otherwise the form is shown again, filled in."""
    taken = FormPost.objects.exists()
    assert response.status_code == (202 if taken else 200)
    if not taken:
        assert 'value="ada@example.org"' in response.content.decode()
        assert "press the button again" in response.content.decode()
    return taken


@PAGES
@pytest.mark.parametrize(
    ("seconds", "taken"),
    [(0, True), (0.5, True), (3600, True), (86_400 * 29, True), (86_400 * 31, False), (-60, False)],
)
def test_it_takes_a_form_at_any_speed_and_within_a_month(
    visitor: Client, path: str, seconds: float, taken: bool
) -> None:
    assert is_taken(visitor.post(path, EMAIL | {"stamp": stamped(seconds)})) == taken


@PAGES
@pytest.mark.parametrize("stamp", ["", "x", "1", "1:abc", "\x00", "9" * 10_000, "１:x"])
def test_it_asks_who_brings_no_stamp_of_ours(visitor: Client, path: str, stamp: str) -> None:
    assert not is_taken(visitor.post(path, EMAIL | {"stamp": stamp}))


@PAGES
def test_it_takes_the_second_click_that_it_asked_for(visitor: Client, path: str) -> None:
    shown = visitor.post(path, EMAIL).content.decode()
    fresh = re.search('name="stamp" value="([^"]+)"', shown)
    assert fresh
    with time_machine.travel(NOW + dt.timedelta(seconds=3), tick=False):
        assert is_taken(visitor.post(path, EMAIL | {"stamp": fresh[1]}))


@PAGES
@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({}, True),  # an old browser, or a program
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),  # another host of the same domain
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "https://papers.example.org"}, False),
        ({"origin": "https://papers.example.org"}, True),
        ({"origin": "http://testserver"}, True),
        ({"origin": "https://testserver"}, True),  # behind a proxy that ends TLS
        ({"origin": "https://evil.example"}, False),
        ({"origin": "https://papers.example.org.evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "https://[bad"}, False),
    ],
)
def test_it_asks_who_comes_from_another_site(visitor: Client, path: str, headers: Any, taken: bool) -> None:
    response = visitor.post(path, EMAIL | {"stamp": stamped()}, headers=headers)
    assert is_taken(response) == taken


def test_it_stamps_the_form_on_every_page_that_has_one(visitor: Client, edition: Any) -> None:
    for path in ("/", "/subscribe/", "/preferences/"):
        assert visitor.get(path).content.decode().count('name="stamp"') == 1


def test_it_can_not_be_stamped_by_others(settings: Any) -> None:
    made = bot_check.stamp()
    settings.SECRET_KEY = "another"
    assert bot_check.stamp() != made


def test_it_hides_the_trap_from_people(visitor: Client) -> None:
    page = visitor.get("/subscribe/").content.decode()
    assert re.search(r'aria-hidden="true">\s*<label for="website">', page)
    assert re.search(r'name="website" type="text" tabindex="-1" autocomplete="off"', page)
