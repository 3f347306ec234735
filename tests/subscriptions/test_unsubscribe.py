"""The way out: one press by a person, or one bare POST by a mail client (RFC 8058)."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client

from subscriptions import sign_ups, subscribers
from subscriptions.links import Purpose
from subscriptions.models import Subscriber
from subscriptions.subscribers import Wishes
from tests.conftest import NOW, stamped
from tests.subscriptions.conftest import path_of, stored

pytestmark = pytest.mark.usefixtures("now")

BODIES = {
    "urlencoded": ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
    "multipart": (
        '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
        "multipart/form-data; boundary=b",
    ),
}
ONE_CLICK = pytest.mark.parametrize(("body", "content_type"), BODIES.values(), ids=BODIES)


@ONE_CLICK
def test_it_takes_one_click_from_a_mail_client(
    visitor: Client, alice: Subscriber, body: str, content_type: str
) -> None:
    response = visitor.post(path_of(Purpose.UNSUBSCRIBE, alice), body, content_type=content_type)
    assert response.status_code == 200
    assert len(response.content) < 100
    assert not response.cookies
    row = stored(alice)
    assert (row["status"], row["unsubscribed_at"], row["owed_notice"]) == ("unsubscribed", NOW, "")


@ONE_CLICK
@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("headers", [{}, {"referer": "https://mail.example/"}, {"origin": "https://mail.example"}])
def test_it_never_redirects_a_mail_client(
    visitor: Client, alice: Subscriber, body: str, content_type: str, secure: bool, headers: Any
) -> None:
    path = path_of(Purpose.UNSUBSCRIBE, alice)
    assert visitor.post(path, body, content_type=content_type, secure=secure, headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_changes_nothing_when_the_link_is_followed(visitor: Client, alice: Subscriber, method: str) -> None:
    before = stored(alice)
    path = path_of(Purpose.UNSUBSCRIBE, alice)
    for _ in range(10):
        assert visitor.generic(method, path).status_code == 200
        assert visitor.generic(method, path + "?List-Unsubscribe=One-Click").status_code == 200
    assert stored(alice) == before


def test_it_takes_one_press_from_a_person(visitor: Client, alice: Subscriber) -> None:
    path = path_of(Purpose.UNSUBSCRIBE, alice)
    assert visitor.get(path).content.decode().count('<form method="post">') == 1
    response = visitor.post(path)
    assert response.status_code == 200
    assert "You are unsubscribed" in response.content.decode()
    assert "You are unsubscribed" in visitor.get(path).content.decode()
    assert stored(alice)["status"] == "unsubscribed"


@ONE_CLICK
def test_it_takes_a_second_click_like_the_first(
    visitor: Client, alice: Subscriber, body: str, content_type: str
) -> None:
    path = path_of(Purpose.UNSUBSCRIBE, alice)
    first = visitor.post(path, body, content_type=content_type)
    before = stored(alice)
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        second = visitor.post(path, body, content_type=content_type)
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert stored(alice) == before


@pytest.mark.parametrize("status", Subscriber.Status.values)
def test_it_works_in_every_state(visitor: Client, alice: Subscriber, status: str) -> None:
    Subscriber.objects.filter(pk=alice.pk).update(status=status, paused_until=NOW.date())
    assert visitor.post(path_of(Purpose.UNSUBSCRIBE, alice)).status_code == 200
    after = stored(alice)["status"]
    # A suppressed address stays suppressed: leaving does not make it one that may be mailed again.
    assert after == ("suppressed" if status == "suppressed" else "unsubscribed")


def test_it_still_works_after_the_key_was_rotated_and_a_year(visitor: Client, alice: Subscriber, settings: Any) -> None:
    path = path_of(Purpose.UNSUBSCRIBE, alice)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the next key", [settings.SECRET_KEY]
    with time_machine.travel(NOW + dt.timedelta(days=400), tick=False):
        assert visitor.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert stored(alice)["status"] == "unsubscribed"


def test_it_works_again_after_a_reader_came_back(visitor: Client, charlie: Subscriber) -> None:
    path = path_of(Purpose.UNSUBSCRIBE, charlie)
    subscribers.sign_up(charlie.email, Wishes(), now=NOW)
    visitor.post(path_of(Purpose.CONFIRM, charlie))
    assert stored(charlie)["status"] == "active"
    visitor.post(path)
    assert stored(charlie)["status"] == "unsubscribed"


def test_it_lets_who_left_by_mistake_come_back_at_once(visitor: Client, alice: Subscriber) -> None:
    subscribers.sign_up(alice.email, Wishes(), now=NOW)
    visitor.post(path_of(Purpose.UNSUBSCRIBE, alice))
    visitor.post("/subscribe/", {"email": alice.email, "stamp": stamped()})
    sign_ups.take_in(now=NOW)
    assert stored(alice)["owed_notice"] == "confirm"


@pytest.mark.parametrize("purpose", [Purpose.PREFERENCES, Purpose.CONFIRM])
def test_it_opens_with_its_own_link_only(visitor: Client, alice: Subscriber, purpose: Purpose) -> None:
    path = path_of(purpose, alice).replace(f"/{purpose}/", "/unsubscribe/")
    assert visitor.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 404
    assert stored(alice)["status"] == "active"


def test_it_unsubscribes_nobody_else(visitor: Client, alice: Subscriber, bob: Subscriber) -> None:
    visitor.post(path_of(Purpose.UNSUBSCRIBE, alice), {"email": bob.email})
    assert stored(bob)["status"] == "pending"
