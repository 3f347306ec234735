"""The change of address: requested on the settings page, confirmed by email, with a notice to the old address."""

import datetime as dt
import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from subscriptions.models import Subscriber
from subscriptions.notices import queue
from subscriptions.readers import address_change, lifecycle
from subscriptions.readers.preferences import Preferences
from subscriptions.security.link_tokens import Purpose
from subscriptions.views import preferences
from tests.conftest import NOW, make_reader, stamped
from tests.subscriptions.conftest import path_of, stored, token_to_move

pytestmark = pytest.mark.usefixtures("now")
NEW = "new@example.com"


def ask(visitor: Client, reader: Subscriber, email: str = NEW, present: str = "alice@example.org") -> Any:
    return visitor.post(path_of(Purpose.PREFERENCES, reader) + "move/", {"email": email, "present": present})


def link_to_confirm() -> str:
    """Return the path in the newest email that has one."""
    found: list[str] = re.findall(r"/change-address/\S+", "\n".join(str(message.body) for message in mail.outbox))
    return found[-1]


def move(visitor: Client, reader: Subscriber, email: str = NEW) -> str:
    ask(visitor, reader, email)
    queue.send_pending(now=NOW)
    return link_to_confirm()


def test_it_changes_the_address_by_the_button_in_the_email_to_it(visitor: Client, alice: Subscriber) -> None:
    response = ask(visitor, alice)
    assert (response.status_code, response["Location"]) == (302, path_of(Purpose.PREFERENCES, alice))
    assert "n•••@example.com" in visitor.get(response["Location"]).content.decode()
    queue.send_pending(now=NOW)
    assert [message.to for message in mail.outbox] == [[NEW]]
    link = link_to_confirm()
    for method in ["GET", "HEAD"] * 5:
        assert visitor.generic(method, link).status_code == 200
    assert stored(alice)["email"] == "alice@example.org"

    assert visitor.post(link).status_code == 200
    row = stored(alice)
    assert (row["email"], row["new_email"], row["status"]) == (NEW, "", "active")
    assert row["follows"] == ["diffusion, author:Ada Lovelace, -survey", "learning"]


def test_it_notifies_the_old_address_once_and_forgets_it(visitor: Client, alice: Subscriber) -> None:
    visitor.post(move(visitor, alice))
    assert queue.send_pending(now=NOW) == 1
    assert mail.outbox[-1].to == ["alice@example.org"]
    assert NEW not in str(mail.outbox[-1].body)
    assert stored(alice)["owed"] == []
    assert queue.send_pending(now=NOW + dt.timedelta(days=1)) == 0


@pytest.mark.parametrize("then", ["a lost link", "a sign-up", "left", "complained"])
def test_it_notifies_the_old_address_despite_any_step_before_the_email(
    visitor: Client, alice: Subscriber, then: str
) -> None:
    """A visitor who takes over a subscription must not be able to replace the notice to the former address."""
    link = move(visitor, alice)
    mail.outbox.clear()
    visitor.post(link)
    if then == "left":
        visitor.post(path_of(Purpose.UNSUBSCRIBE, alice))
    elif then == "complained":
        lifecycle.suppress(NEW, "complained")
    else:
        visitor.post("/preferences/" if then == "a lost link" else "/subscribe/", {"email": NEW, "stamp": stamped()})
    queue.send_pending(now=NOW)
    assert ["alice@example.org"] in [message.to for message in mail.outbox]
    assert len(mail.outbox) == (1 if then == "complained" else 2)


def test_it_notifies_each_of_two_old_addresses(visitor: Client, alice: Subscriber) -> None:
    address_change.request_change(alice, "second@example.org", now=NOW)
    address_change.confirm(alice, token_to_move(alice), now=NOW)
    address_change.request_change(alice, "third@example.org", now=NOW)
    address_change.confirm(alice, token_to_move(alice), now=NOW)
    queue.send_pending(now=NOW)
    assert [message.to for message in mail.outbox] == [["alice@example.org"], ["second@example.org"]]


def test_it_asks_no_more_for_what_is_confirmed(visitor: Client, alice: Subscriber) -> None:
    link = move(visitor, alice)
    address_change.request_change(alice, NEW, now=NOW + dt.timedelta(days=1))
    visitor.post(link)
    assert stored(alice)["owed"] == ["moved"]


def test_it_is_no_error_to_confirm_twice(visitor: Client, alice: Subscriber) -> None:
    link = move(visitor, alice)
    visitor.post(link)
    before = stored(alice)
    assert visitor.post(link).status_code == 200
    assert visitor.get(link).status_code == 200
    assert stored(alice) == before


def test_it_asks_for_the_present_address(visitor: Client, alice: Subscriber) -> None:
    """A forwarded digest contains all links, and must not be enough to take the subscription over."""
    before = stored(alice)
    for present in ("", "eve@example.org", "alice"):
        response = ask(visitor, alice, "eve@example.org", present)
        assert response.status_code == 400
        assert alice.email not in response.content.decode()
    assert stored(alice) == before


@pytest.mark.parametrize(
    ("email", "message"),
    [
        ("", "Enter your email address"),
        ("x", "That is not an email address"),
        ("new@example.com\nBcc: all@example.com", "That is not an email address"),
        ("root@localhost", "We can’t send email to that domain."),
        ("Alice@Example.org", "That is your current address."),
    ],
)
def test_it_says_what_is_wrong(visitor: Client, alice: Subscriber, email: str, message: str) -> None:
    response = ask(visitor, alice, email)
    assert response.status_code == 400
    assert message in response.content.decode()
    assert stored(alice)["new_email"] == ""


def test_it_answers_the_same_whether_or_not_the_new_address_is_known(
    visitor: Client, alice: Subscriber, bob: Subscriber, charlie: Subscriber
) -> None:
    active = make_reader("dora@example.org")
    lifecycle.suppress("gone@example.org", "bounced")
    answers = set()
    for email in ("nobody@example.org", bob.email, charlie.email, active.email, "gone@example.org"):
        response = ask(visitor, alice, email)
        page = visitor.get(response["Location"]).content.decode().replace(f"{email[0]}•••@", "")
        answers.add((response.status_code, response["Location"], re.sub('name="stamp".*', "", page)))
    assert len(answers) == 1


def test_it_mails_no_suppressed_address(visitor: Client, alice: Subscriber) -> None:
    lifecycle.suppress(NEW, "complained")
    ask(visitor, alice)
    assert queue.send_pending(now=NOW) == 0


def test_it_mails_strangers_within_the_limit_of_confirmations(visitor: Client, alice: Subscriber) -> None:
    other = make_reader("dora@example.org")
    lifecycle.sign_up(NEW, Preferences(), now=NOW)
    ask(visitor, alice)
    ask(visitor, other, present="dora@example.org")
    queue.send_pending(now=NOW)
    assert [message.to for message in mail.outbox] == [[NEW]] * 3
    third = make_reader("emma@example.org")
    ask(visitor, third, present="emma@example.org")
    assert queue.send_pending(now=NOW) == 0


def test_it_mails_three_new_addresses_a_day_for_one_reader(visitor: Client, alice: Subscriber) -> None:
    for number in range(10):
        ask(visitor, alice, f"stranger{number}@example.com")
        queue.send_pending(now=NOW)
    assert len(mail.outbox) == 3


def test_it_takes_a_link_for_its_own_address_only(visitor: Client, alice: Subscriber) -> None:
    old = move(visitor, alice, "first@example.com")
    ask(visitor, alice, "second@example.com")
    assert visitor.post(old).status_code == 410
    assert visitor.get(old).status_code == 410
    assert stored(alice)["email"] == "alice@example.org"


def test_it_confirms_no_address_that_is_asked_for_at_that_moment(
    visitor: Client, alice: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the owner of one mailbox could send digests to any other."""

    def ask_for_another(request: object) -> None:
        address_change.request_change(Subscriber.objects.get(pk=alice.pk), "stranger@example.com", now=NOW)

    link = move(visitor, alice)
    monkeypatch.setattr(preferences, "trace", ask_for_another)  # after the view has checked the link
    assert visitor.post(link).status_code == 410
    row = stored(alice)
    assert (row["email"], row["new_email"]) == ("alice@example.org", "stranger@example.com")


def test_it_can_be_called_off(visitor: Client, alice: Subscriber) -> None:
    link = move(visitor, alice)
    visitor.post(path_of(Purpose.PREFERENCES, alice) + "stay/")
    assert stored(alice)["new_email"] == ""
    assert visitor.post(link).status_code == 410
    assert stored(alice)["email"] == "alice@example.org"


def test_it_sends_no_link_that_was_called_off(visitor: Client, alice: Subscriber) -> None:
    ask(visitor, alice)
    visitor.post(path_of(Purpose.PREFERENCES, alice) + "stay/")
    assert queue.send_pending(now=NOW) == 0


def test_it_leaves_a_subscription_of_the_new_address_alone(visitor: Client, alice: Subscriber) -> None:
    living = make_reader(NEW)
    link = move(visitor, alice)
    response = visitor.post(link)
    assert response.status_code == 409
    assert "has its own subscription" in response.content.decode()
    assert (stored(alice)["email"], stored(living)["email"]) == ("alice@example.org", NEW)


@pytest.mark.parametrize("confirmed", [False, True])
def test_it_takes_the_place_of_one_that_sleeps(visitor: Client, alice: Subscriber, confirmed: bool) -> None:
    lifecycle.sign_up(NEW.upper(), Preferences(), now=NOW - dt.timedelta(days=2))
    sleeping = Subscriber.objects.by_email(NEW).get()
    if confirmed:
        lifecycle.confirm(sleeping, now=NOW)
        lifecycle.unsubscribe(sleeping, now=NOW)
    assert visitor.post(move(visitor, alice)).status_code == 200
    assert list(Subscriber.objects.by_email(NEW)) == [alice]


@pytest.mark.parametrize("state", ["pending", "unsubscribed", "suppressed"])
def test_it_moves_no_reader_without_digests(visitor: Client, alice: Subscriber, state: str) -> None:
    Subscriber.objects.filter(pk=alice.pk).update(status=state)
    before = stored(alice)
    ask(visitor, alice)
    assert stored(alice) == before


def test_it_moves_no_reader_who_was_suppressed_meanwhile(visitor: Client, alice: Subscriber) -> None:
    """The page would promise papers at the new address, and none would be sent."""
    link = move(visitor, alice)
    lifecycle.suppress(alice.email, "complained")
    assert visitor.post(link).status_code == 410
    row = stored(alice)
    assert (row["email"], row["status"], row["owed"]) == ("alice@example.org", "suppressed", [])


def test_it_takes_no_address_that_was_suppressed_meanwhile(visitor: Client, alice: Subscriber) -> None:
    link = move(visitor, alice)
    lifecycle.suppress(NEW, "complained")
    assert visitor.post(link).status_code == 409
    assert stored(alice)["email"] == "alice@example.org"


def test_it_gives_up_if_the_address_is_signed_up_at_that_moment(
    alice: Subscriber, monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> None:
    address_change.request_change(alice, NEW, now=NOW)
    make_room = address_change._release_address

    def too_early(subscriber: Subscriber) -> bool:
        made = make_room(subscriber)
        Subscriber.objects.create(email=NEW)
        return made

    monkeypatch.setattr(address_change, "_release_address", too_early)
    assert not address_change.confirm(alice, token_to_move(alice), now=NOW)
    assert stored(alice)["email"] == "alice@example.org"
