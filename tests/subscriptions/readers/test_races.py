"""Simultaneous clicks, in threads with separate connections. SQLite has one writer, PostgreSQL many."""

import datetime as dt
import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.core import mail
from django.db import connection

from subscriptions.models import OwedNotice, Subscriber, Topic
from subscriptions.notices import queue
from subscriptions.readers import address_change, lifecycle, signup_queue
from subscriptions.readers.consents import Trace
from subscriptions.readers.preferences import Preferences
from subscriptions.security import abuse_limits
from tests.conftest import NOW, make_reader
from tests.subscriptions.conftest import stored, token_to_move

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
]


def at_once(*steps: Callable[[], object]) -> None:
    """Run all `steps` in threads that start together. Raise the first error of any thread."""
    start, errors = threading.Barrier(len(steps)), list[BaseException]()

    def run(step: Callable[[], object]) -> None:
        start.wait()
        try:
            step()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[step]) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def sign_up(email: str, *topics: Topic) -> Callable[[], object]:
    return lambda: lifecycle.sign_up(email, Preferences(topics=topics, words="diffusion"), now=NOW)


def test_it_makes_one_reader_of_many_sign_ups_at_once(vision: Topic) -> None:
    for number in range(10):
        emails = [f"new{number}@example.org", f"NEW{number}@example.org"] * 3
        at_once(*(sign_up(email, vision) for email in emails))
        reader = Subscriber.objects.by_email(emails[0]).get()
        assert stored(reader)["follows"] == ["diffusion", "vision"]


def test_it_sends_one_email_with_many_workers_at_once(vision: Topic) -> None:
    for number in range(20):
        sign_up(f"new{number}@example.org", vision)()
    at_once(*(lambda: queue.send_pending(now=NOW) for _ in range(4)))
    assert sorted(message.to[0] for message in mail.outbox) == sorted(
        f"new{number}@example.org" for number in range(20)
    )


def test_it_saves_settings_twice_at_once(alice: Subscriber, vision: Topic) -> None:
    def save() -> None:
        lifecycle.set_preferences(Subscriber.objects.get(pk=alice.pk), Preferences(topics=[vision], words="diffusion"))

    for _ in range(10):
        at_once(*[save] * 4)
        assert stored(alice)["follows"] == ["diffusion", "vision"]


def test_it_never_loses_a_complaint_to_another_click(alice: Subscriber) -> None:
    def click(step: Callable[[Subscriber], object]) -> Callable[[], object]:
        return lambda: step(Subscriber.objects.get(pk=alice.pk))

    for _ in range(20):
        Subscriber.objects.filter(pk=alice.pk).update(status="active")
        at_once(
            click(lambda reader: lifecycle.set_preferences(reader, Preferences())),
            click(lambda reader: lifecycle.pause(reader, NOW.date())),
            click(lambda reader: lifecycle.resume(reader, now=NOW)),
            click(lambda reader: lifecycle.unsubscribe(reader, now=NOW)),
            lambda: lifecycle.suppress(alice.email, "complained"),
        )
        assert stored(alice)["status"] == "suppressed"


def test_it_never_gives_more_than_the_limit_to_those_who_come_at_once() -> None:
    limit = abuse_limits.Limit("race", "x", [(5, dt.timedelta(minutes=10))])
    for number in range(5):
        now = NOW + number * dt.timedelta(hours=1)
        given: list[bool] = []
        at_once(*[lambda now=now, given=given: given.append(abuse_limits.refused_by(limit, now=now) is None)] * 12)
        assert sum(given) == 5


def test_it_emails_a_stranger_no_more_than_the_limit_if_many_readers_name_them_at_once() -> None:
    readers = [make_reader(f"reader{number}@example.org") for number in range(5)]
    for number in range(5):
        stranger = f"stranger{number}@example.com"
        at_once(
            *(
                partial(address_change.request_change, reader, stranger, now=NOW + number * dt.timedelta(days=1))
                for reader in readers
            )
        )
        assert OwedNotice.objects.filter(to=stranger).count() == 3  # an hour


def test_it_does_once_what_a_form_asked_for_with_many_workers_at_once() -> None:
    for number in range(20):
        signup_queue.request_signup(f"new{number}@example.org", Preferences(), Trace(), now=NOW)
    at_once(*(lambda: queue.send_pending(now=NOW) for _ in range(4)))
    queue.send_pending(now=NOW)
    assert len(mail.outbox) == Subscriber.objects.count() == 20


def test_it_gives_an_address_to_one_of_two_who_move_to_it_at_once() -> None:
    for number in range(10):
        movers = [make_reader(f"{name}{number}@example.org") for name in ("a", "b")]
        for mover in movers:
            address_change.request_change(mover, f"new{number}@example.org", now=NOW)
        done: list[bool] = []

        def move(mover: Subscriber, done: list[bool] = done) -> None:
            done.append(address_change.confirm(mover, token_to_move(mover), now=NOW))

        at_once(*(partial(move, mover) for mover in movers))
        assert sorted(done) == [False, True]
        assert Subscriber.objects.by_email(f"new{number}@example.org").count() == 1
