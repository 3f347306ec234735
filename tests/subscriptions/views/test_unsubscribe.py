"""Unsubscribing: one click by a person, or one plain POST by a mail client (RFC 8058)."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client

from subscriptions.models import Farewell, Subscriber, Topic
from subscriptions.notices import queue
from subscriptions.readers import lifecycle, signup_queue
from subscriptions.readers.preferences import Preferences
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW, TODAY, make_reader, stamped
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
    assert (row["status"], row["unsubscribed_at"], row["owed"]) == ("unsubscribed", NOW, [])


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


def test_it_leads_who_only_wants_less_to_their_settings(visitor: Client, alice: Subscriber) -> None:
    """The link comes by email, because a visitor with a forwarded digest must not get to the settings."""
    page = visitor.get(path_of(Purpose.UNSUBSCRIBE, alice)).content.decode().partition("<main")[2]
    assert 'href="/preferences/">Email me the link to my settings</a>' in page
    assert path_of(Purpose.PREFERENCES, alice) not in page


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
    # A suppressed address stays suppressed: unsubscribing does not make it valid again.
    assert after == ("suppressed" if status == "suppressed" else "unsubscribed")


def test_it_still_works_after_the_key_was_rotated_and_a_year(visitor: Client, alice: Subscriber, settings: Any) -> None:
    path = path_of(Purpose.UNSUBSCRIBE, alice)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the next key", [settings.SECRET_KEY]
    with time_machine.travel(NOW + dt.timedelta(days=400), tick=False):
        assert visitor.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert stored(alice)["status"] == "unsubscribed"


def test_it_works_again_after_a_reader_came_back(visitor: Client, charlie: Subscriber) -> None:
    path = path_of(Purpose.UNSUBSCRIBE, charlie)
    lifecycle.sign_up(charlie.email, Preferences(), now=NOW)
    visitor.post(path_of(Purpose.CONFIRM, charlie))
    assert stored(charlie)["status"] == "active"
    visitor.post(path)
    assert stored(charlie)["status"] == "unsubscribed"


def test_it_lets_who_left_by_mistake_come_back_at_once(visitor: Client, alice: Subscriber) -> None:
    lifecycle.sign_up(alice.email, Preferences(), now=NOW)
    visitor.post(path_of(Purpose.UNSUBSCRIBE, alice))
    visitor.post("/subscribe/", {"email": alice.email, "stamp": stamped()})
    signup_queue.process_pending(now=NOW)
    assert stored(alice)["owed"] == ["confirm", "goodbye"]


@pytest.mark.parametrize("purpose", [Purpose.PREFERENCES, Purpose.CONFIRM])
def test_it_opens_with_its_own_link_only(visitor: Client, alice: Subscriber, purpose: Purpose) -> None:
    path = path_of(purpose, alice).replace(f"/{purpose}/", "/unsubscribe/")
    assert visitor.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 404
    assert stored(alice)["status"] == "active"


def test_it_unsubscribes_no_other_reader(visitor: Client, alice: Subscriber, bob: Subscriber) -> None:
    visitor.post(path_of(Purpose.UNSUBSCRIBE, alice), {"email": bob.email})
    assert stored(bob)["status"] == "pending"


def come_back(visitor: Client, reader: Subscriber, offer: str = "undo") -> Any:
    return visitor.post(path_of(Purpose.RESUBSCRIBE, reader), {"offer": offer})


def test_it_offers_less_before_and_after_it_is_done(visitor: Client, alice: Subscriber) -> None:
    path = path_of(Purpose.UNSUBSCRIBE, alice)
    assert visitor.get(path).content.decode().count('name="offer"') == 3
    for response in (visitor.post(path), visitor.get(path)):
        assert "Done: you will get no more digests" in response.content.decode()
        assert path_of(Purpose.RESUBSCRIBE, alice) in response.content.decode()


def test_it_undoes_by_one_press(visitor: Client, alice: Subscriber) -> None:
    before = stored(alice)
    visitor.post(path_of(Purpose.UNSUBSCRIBE, alice))
    response = come_back(visitor, alice)
    assert response.status_code == 200
    assert "Welcome back" in response.content.decode()
    after = stored(alice)
    # Only later editions are sent, and the goodbye is cancelled.
    assert {name for name in after if after[name] != before[name]} == {"active_since", "owed"}
    assert after["owed"] == ["returned"]


def test_it_undoes_to_a_pause_that_goes_on(visitor: Client, alice: Subscriber) -> None:
    lifecycle.pause(alice, TODAY + dt.timedelta(days=7))
    visitor.post(path_of(Purpose.UNSUBSCRIBE, alice))
    come_back(visitor, alice)
    assert (stored(alice)["status"], stored(alice)["paused_until"]) == ("paused", TODAY + dt.timedelta(days=7))


@pytest.mark.parametrize(
    ("offer", "wanted"),
    [
        ("weekly", {"status": "active", "frequency": "weekly"}),
        ("fewer", {"status": "active", "amount": "fewer", "max_papers": 5}),
        ("pause", {"status": "paused", "paused_until": TODAY + dt.timedelta(weeks=4)}),
        ("undo", {"status": "active", "frequency": "daily", "amount": "balanced", "max_papers": 10}),
        ("<script>", {"status": "active", "frequency": "daily"}),
        ("", {"status": "active"}),
    ],
)
def test_it_brings_back_on_gentler_terms(visitor: Client, alice: Subscriber, offer: str, wanted: Any) -> None:
    visitor.post(path_of(Purpose.UNSUBSCRIBE, alice))
    assert come_back(visitor, alice, offer).status_code == 200
    once = stored(alice)
    assert {name: once[name] for name in wanted} == wanted
    assert come_back(visitor, alice, offer).status_code == 200
    assert stored(alice) == once, "a second press changes nothing"


@pytest.mark.parametrize(
    ("offer", "told"),
    [
        (
            "undo",
            "Your digests come at 07:00 UTC, on days with a match. Each has at most 10 papers.",
        ),
        (
            "weekly",
            "Your digests come at 07:00 UTC, once a week. Each has at most 10 papers.",
        ),
        (
            "fewer",
            "Your digests come at 07:00 UTC, on days with a match. Each has at most 5 papers.",
        ),
        ("pause", "You’re subscribed again. No digests come until 17 September 2026."),
    ],
)
def test_it_mails_the_reader_on_which_terms_they_came_back(
    visitor: Client, alice: Subscriber, offer: str, told: str
) -> None:
    """A visitor with a forwarded digest can unsubscribe and resubscribe at once; then no goodbye is sent."""
    visitor.post(path_of(Purpose.UNSUBSCRIBE, alice))
    come_back(visitor, alice, offer)
    assert queue.send_pending(now=NOW) == 1
    (message,) = mail.outbox
    assert message.to == [alice.email]
    assert told in " ".join(str(message.body).split())
    assert path_of(Purpose.PREFERENCES, alice) in str(message.body)


@pytest.mark.parametrize("offer", ["weekly", "fewer", "pause"])
def test_it_takes_no_offer_from_a_reader_who_has_not_left(visitor: Client, alice: Subscriber, offer: str) -> None:
    before = stored(alice)
    assert come_back(visitor, alice, offer).status_code == 200
    assert stored(alice) == before
    visitor.post(path_of(Purpose.UNSUBSCRIBE, alice))
    come_back(visitor, alice)
    before = stored(alice)
    come_back(visitor, alice, offer)
    assert stored(alice) == before


def test_it_brings_a_reader_back_three_times_a_day_at_most(visitor: Client, alice: Subscriber) -> None:
    answers = []
    for _ in range(4):
        visitor.post(path_of(Purpose.UNSUBSCRIBE, alice))
        answers.append(come_back(visitor, alice, "pause").status_code)
    assert answers == [200, 200, 200, 410]
    assert stored(alice)["status"] == "unsubscribed"
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        assert come_back(visitor, alice).status_code == 200


def test_it_shows_no_topics_to_who_has_the_link_to_unsubscribe(visitor: Client, alice: Subscriber) -> None:
    visitor.post(path_of(Purpose.UNSUBSCRIBE, alice))
    path = path_of(Purpose.RESUBSCRIBE, alice)
    for response in (visitor.get(path), visitor.post(path), visitor.get(path)):
        assert "Papers on" not in response.content.decode()


def test_it_does_not_raise_a_small_number_of_papers(visitor: Client, learning: Topic) -> None:
    reader = make_reader("ada@example.org", max_papers=3)
    visitor.post(path_of(Purpose.UNSUBSCRIBE, reader))
    come_back(visitor, reader, "fewer")
    assert stored(reader)["max_papers"] == 3


def test_it_resubscribes_no_one_after_thirty_days(visitor: Client, alice: Subscriber) -> None:
    path = path_of(Purpose.UNSUBSCRIBE, alice)
    visitor.post(path)
    with time_machine.travel(NOW + dt.timedelta(days=31), tick=False):
        assert come_back(visitor, alice).status_code == 410
        assert 'name="offer"' not in visitor.get(path).content.decode()
    assert stored(alice)["status"] == "unsubscribed"


def test_it_resubscribes_no_one_who_complained(visitor: Client, alice: Subscriber) -> None:
    visitor.post(path_of(Purpose.UNSUBSCRIBE, alice))
    lifecycle.suppress(alice.email, "complained")
    assert come_back(visitor, alice).status_code == 410
    assert stored(alice)["status"] == "suppressed"


def test_it_resubscribes_no_one_who_never_confirmed(visitor: Client, bob: Subscriber) -> None:
    visitor.post(path_of(Purpose.UNSUBSCRIBE, bob))
    assert come_back(visitor, bob).status_code == 410
    assert stored(bob)["status"] == "unsubscribed"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_resubscribes_no_one_who_only_looks(visitor: Client, charlie: Subscriber, method: str) -> None:
    before = stored(charlie)
    assert visitor.generic(method, path_of(Purpose.RESUBSCRIBE, charlie) + "?offer=undo").status_code == 200
    assert stored(charlie) == before


def test_it_opens_no_settings_from_the_way_out(visitor: Client, alice: Subscriber) -> None:
    """The link to unsubscribe is in a header that mail servers see."""
    pages = [visitor.post(path_of(Purpose.UNSUBSCRIBE, alice)), come_back(visitor, alice)]
    pages.append(visitor.get(path_of(Purpose.UNSUBSCRIBE, alice)))
    assert not [page for page in pages if path_of(Purpose.PREFERENCES, alice) in page.content.decode()]


def test_it_says_goodbye_to_who_left_on_the_page(visitor: Client, alice: Subscriber) -> None:
    visitor.post(path_of(Purpose.UNSUBSCRIBE, alice))
    assert queue.send_pending(now=NOW) == 1
    (goodbye,) = mail.outbox
    assert goodbye.to == [alice.email]
    assert path_of(Purpose.RESUBSCRIBE, alice) in str(goodbye.body)
    assert queue.send_pending(now=NOW + dt.timedelta(days=1)) == 0


@ONE_CLICK
def test_it_says_no_goodbye_to_a_mail_client(visitor: Client, alice: Subscriber, body: str, content_type: str) -> None:
    visitor.post(path_of(Purpose.UNSUBSCRIBE, alice), body, content_type=content_type)
    assert queue.send_pending(now=NOW) == 0


def test_it_says_no_goodbye_to_who_never_confirmed(visitor: Client, bob: Subscriber) -> None:
    visitor.post(path_of(Purpose.UNSUBSCRIBE, bob))
    assert queue.send_pending(now=NOW) == 0


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"--b\r\nbroken", "multipart/form-data; boundary=b"),
        (b"x", "multipart/form-data"),
        (b"a=1&" * 5000, "application/x-www-form-urlencoded"),
        (b"\xff\x00{", "application/json"),
        (b"", "text/plain"),
    ],
)
def test_it_takes_a_body_that_can_not_be_read(
    visitor: Client, alice: Subscriber, body: bytes, content_type: str
) -> None:
    assert visitor.post(path_of(Purpose.UNSUBSCRIBE, alice), body, content_type=content_type).status_code == 200
    assert stored(alice)["status"] == "unsubscribed"


def test_it_keeps_the_reason_without_who(visitor: Client, alice: Subscriber) -> None:
    path = path_of(Purpose.UNSUBSCRIBE, alice)
    visitor.post(path)
    for _ in range(3):
        response = visitor.post(path + "reason/", {"reason": "too_many", "remark": "<b>Too</b> many."})
        assert response.status_code == 200
        assert "Thank you" in response.content.decode()
    row = Farewell.objects.values().get()
    assert row == {"id": row["id"], "reason": "too_many", "remark": "<b>Too</b> many.", "day": TODAY}


@pytest.mark.parametrize("wrong", [{"remark": "Too many."}, {"reason": "x"}, {"reason": "other", "remark": "x" * 501}])
def test_it_says_when_a_reason_can_not_be_kept(visitor: Client, alice: Subscriber, wrong: dict[str, str]) -> None:
    path = path_of(Purpose.UNSUBSCRIBE, alice)
    visitor.post(path)
    response = visitor.post(path + "reason/", wrong)
    page = response.content.decode()
    assert response.status_code == 400
    assert 'class="error"' in page
    assert f'maxlength="500">{wrong.get("remark", "")}</textarea>' in page
    assert not Farewell.objects.exists()
