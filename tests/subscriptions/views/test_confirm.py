"""The link in the confirmation email: a page with a button, because mail scanners follow every link."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client

from subscriptions.models import Subscriber, Topic
from subscriptions.readers import lifecycle
from subscriptions.readers.preferences import Preferences
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW
from tests.subscriptions.conftest import PERSONAL_PAGES, path_of, stored

pytestmark = pytest.mark.usefixtures("now")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_changes_nothing_when_the_link_is_followed(visitor: Client, bob: Subscriber, method: str) -> None:
    before = stored(bob)
    for _ in range(10):
        response = visitor.generic(method, path_of(Purpose.CONFIRM, bob), HTTP_USER_AGENT="Barracuda Link Scanner")
        assert response.status_code == 200
    assert stored(bob) == before


def test_it_confirms_by_the_button(visitor: Client, bob: Subscriber) -> None:
    assert 'method="post"' in visitor.get(path_of(Purpose.CONFIRM, bob)).content.decode()
    response = visitor.post(path_of(Purpose.CONFIRM, bob))
    assert response.status_code == 200
    row = stored(bob)
    assert (row["status"], row["confirmed_at"], row["active_since"]) == ("active", NOW, NOW)
    assert row["follows"] == ["vision"]
    assert path_of(Purpose.SETTINGS, bob) in response.content.decode()


def test_it_is_no_error_to_confirm_twice(visitor: Client, bob: Subscriber) -> None:
    path = path_of(Purpose.CONFIRM, bob)
    visitor.post(path)
    before = stored(bob)
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        assert visitor.post(path).status_code == 200
        again = visitor.get(path)
        assert again.status_code == 200
        assert 'href="/preferences/"' in again.content.decode().partition("<main")[2].partition("</main")[0]
    assert stored(bob) == before


def test_it_leaves_a_paused_reader_paused(visitor: Client, alice: Subscriber) -> None:
    lifecycle.pause(alice, NOW.date() + dt.timedelta(days=7))
    assert visitor.post(path_of(Purpose.CONFIRM, alice)).status_code == 200
    assert stored(alice)["status"] == "paused"


def test_it_does_not_revive_a_reader_who_left(visitor: Client, bob: Subscriber) -> None:
    path = path_of(Purpose.CONFIRM, bob)
    visitor.post(path)
    visitor.post(path_of(Purpose.UNSUBSCRIBE, bob))
    response = visitor.post(path)
    assert response.status_code == 410
    assert "unsubscribe" in response.content.decode()
    assert "Sign up again" in response.content.decode()
    assert stored(bob)["status"] == "unsubscribed"


def test_it_does_not_revive_a_suppressed_address(visitor: Client, bob: Subscriber) -> None:
    lifecycle.suppress(bob.email, "complained")
    assert visitor.post(path_of(Purpose.CONFIRM, bob)).status_code == 410
    assert stored(bob)["status"] == "suppressed"


def test_it_confirms_a_reader_who_came_back(visitor: Client, charlie: Subscriber) -> None:
    lifecycle.sign_up(charlie.email, Preferences(), now=NOW)
    assert visitor.post(path_of(Purpose.CONFIRM, charlie)).status_code == 200
    assert stored(charlie)["status"] == "active"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_it_says_when_a_link_is_too_old(visitor: Client, bob: Subscriber, method: str) -> None:
    path = path_of(Purpose.CONFIRM, bob)
    with time_machine.travel(NOW + dt.timedelta(days=8), tick=False):
        response = visitor.generic(method, path)
    assert response.status_code == 410
    assert "/subscribe/" in response.content.decode()
    assert stored(bob)["status"] == "pending"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_it_says_when_a_link_is_not_genuine(visitor: Client, bob: Subscriber, method: str) -> None:
    genuine = path_of(Purpose.CONFIRM, bob)
    other_door = path_of(Purpose.UNSUBSCRIBE, bob).replace("/unsubscribe/", "/confirm/")
    for path in (genuine[:-2] + "/", genuine.swapcase().replace("/CONFIRM/", "/confirm/"), other_door):
        response = visitor.generic(method, path)
        assert response.status_code == 404
        assert "/subscribe/" in response.content.decode()
    assert stored(bob)["status"] == "pending"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("purpose", PERSONAL_PAGES)
def test_it_says_the_same_when_the_reader_is_gone(
    visitor: Client, bob: Subscriber, method: str, purpose: Purpose
) -> None:
    path = path_of(purpose, bob)
    bob.delete()
    gone, forged = (visitor.generic(method, address) for address in (path, f"/{purpose}/forged/"))
    assert gone.content.decode().replace(path, f"/{purpose}/forged/") == forged.content.decode()
    assert gone.status_code == forged.status_code == 404


def test_it_shows_nothing_that_others_could_have_typed(visitor: Client, bob: Subscriber) -> None:
    """Anyone can sign anyone up, so the page must not show a stranger's text."""
    lifecycle.sign_up(bob.email, Preferences(words='"win money at spam.example"'), now=NOW)
    assert "spam.example" not in visitor.get(path_of(Purpose.CONFIRM, bob)).content.decode()
    assert "spam.example" not in visitor.post(path_of(Purpose.CONFIRM, bob)).content.decode()


def test_it_keeps_pages_of_one_reader_out_of_caches(visitor: Client, bob: Subscriber) -> None:
    for purpose in PERSONAL_PAGES:
        response = visitor.get(path_of(purpose, bob))
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("time", "fields", "said"),
    [
        ("2026-08-20 10:00", {}, "comes tomorrow, Friday, at 07:00 UTC."),
        ("2026-08-20 16:30", {}, "comes on Saturday, 22 August 2026 at 07:00 UTC."),  # today's edition is out
        ("2026-08-20 10:00", {"send_hour": 20}, "comes today at 20:00 UTC."),
        ("2026-08-21 17:00", {}, "comes on Tuesday, 25 August 2026 at 07:00 UTC."),
        ("2026-08-21 10:00", {"frequency": "weekdays"}, "comes on Monday, 24 August 2026 at 07:00 UTC."),
        ("2026-08-20 10:00", {"frequency": "weekly"}, "comes on Saturday, 22 August 2026 at 07:00 UTC."),
        (
            "2026-08-20 10:00",
            {"time_zone": "Pacific/Kiritimati", "send_hour": 8},
            "comes today at 08:00 Kiritimati time.",
        ),
    ],
)
def test_it_says_when_the_first_digest_comes(
    visitor: Client, bob: Subscriber, time: str, fields: dict[str, Any], said: str
) -> None:
    Subscriber.objects.update(**fields)
    bob.filters.all().delete()
    with time_machine.travel(dt.datetime.fromisoformat(time).replace(tzinfo=dt.UTC), tick=False):
        page = visitor.post(path_of(Purpose.CONFIRM, bob)).content.decode()
    assert f"Your first digest {said}" in page
    assert "Every email has links to change your settings" in page


def test_it_promises_no_digest_where_nothing_may_match(visitor: Client, bob: Subscriber, vision: Topic) -> None:
    bob.filters.get_or_create(topic=vision)
    page = visitor.post(path_of(Purpose.CONFIRM, bob)).content.decode()
    assert "if new papers match what you follow." in page


def test_it_confirms_in_utc_who_asked_for_a_zone_that_this_machine_does_not_know(
    visitor: Client, bob: Subscriber
) -> None:
    Subscriber.objects.update(requested_preferences=Preferences(time_zone="Mars/Olympus_Mons", send_hour=9).as_json())
    assert visitor.post(path_of(Purpose.CONFIRM, bob)).status_code == 200
    row = stored(bob)
    assert (row["status"], row["time_zone"], row["send_hour"]) == ("active", "UTC", 9)


@pytest.fixture
def ada(learning: Topic, vision: Topic) -> Subscriber:
    """A reader who signed up with an address alone."""
    lifecycle.sign_up("ada@example.org", Preferences(), now=NOW)
    return Subscriber.objects.get(email="ada@example.org")


def test_it_asks_a_reader_without_topics_for_some(visitor: Client, ada: Subscriber) -> None:
    page = visitor.post(path_of(Purpose.CONFIRM, ada)).content.decode()
    assert "What do you work on?" in page
    assert 'value="vision"' in page
    first = path_of(Purpose.SETTINGS, ada) + "first/"
    assert f'action="{first}"' in page
    assert visitor.get(first).status_code == 405
    for _ in range(2):
        answer = visitor.post(first, {"topics": ["vision"]}).content.decode()
    assert stored(ada)["follows"] == ["vision"]
    assert "What do you work on?" not in answer
    assert "if new papers match what you follow" in answer


def test_it_asks_again_if_nothing_or_an_unknown_topic_was_chosen(visitor: Client, ada: Subscriber) -> None:
    visitor.post(path_of(Purpose.CONFIRM, ada))
    first = path_of(Purpose.SETTINGS, ada) + "first/"
    for topics, status in ([], 200), (["alchemy"], 400):
        response = visitor.post(first, {"topics": topics})
        assert response.status_code == status
        assert "What do you work on?" in response.content.decode()
    assert stored(ada)["follows"] == []


def test_it_does_not_ask_a_reader_who_has_topics(visitor: Client, bob: Subscriber) -> None:
    assert "What do you work on?" not in visitor.post(path_of(Purpose.CONFIRM, bob)).content.decode()
