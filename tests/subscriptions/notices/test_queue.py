"""The queue of notices: each is sent once, despite failures and other workers."""

import datetime as dt
import email
import email.policy
import re
import smtplib
from collections.abc import Callable
from email.message import EmailMessage as ParsedMail
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client

from subscriptions import tasks
from subscriptions.models import OwedNotice, Subscriber
from subscriptions.notices import queue
from subscriptions.readers import address_change, lifecycle
from subscriptions.readers.preferences import Preferences
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW
from tests.subscriptions.conftest import path_of, stored

pytestmark = pytest.mark.usefixtures("now")
SITE = "https://papers.example.org"


def while_sending(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Run `happens` while the email backend is sending an email."""
    send = EmailMessage.send

    def interrupted(message: EmailMessage, fail_silently: bool = False) -> int:
        happens()
        return send(message, fail_silently)

    monkeypatch.setattr(EmailMessage, "send", interrupted)


def fail(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def raise_it() -> None:
        raise error

    while_sending(monkeypatch, raise_it)


def only_mail(folder: Path) -> ParsedMail:
    (path,) = folder.iterdir()
    return BytesParser(ParsedMail, policy=email.policy.default).parsebytes(path.read_bytes())


def part(message: ParsedMail, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def test_it_sends_what_is_owed_once(bob: Subscriber) -> None:
    assert queue.send_pending(now=NOW) == 1
    assert [message.to for message in mail.outbox] == [["bob@example.org"]]
    assert (stored(bob)["owed"], stored(bob)["asked_to_confirm_at"]) == ([], NOW)
    assert queue.send_pending(now=NOW + dt.timedelta(days=1)) == 0
    assert len(mail.outbox) == 1


def test_it_sends_nothing_to_who_is_owed_nothing(alice: Subscriber, charlie: Subscriber) -> None:
    assert queue.send_pending(now=NOW) == 0
    assert mail.outbox == []


def test_it_sends_from_the_task(bob: Subscriber) -> None:
    tasks.send_owed_notices()
    assert len(mail.outbox) == 1


def test_it_forgets_the_unconfirmed_from_the_task(bob: Subscriber) -> None:
    long_ago = NOW - dt.timedelta(days=60)
    Subscriber.objects.update(created_at=long_ago, asked_to_confirm_at=long_ago)
    tasks.delete_unconfirmed()
    assert not Subscriber.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "purpose"), [("bob", Purpose.CONFIRM), ("alice", Purpose.PREFERENCES)])
def test_it_writes_an_email_that_mail_clients_can_read(
    request: pytest.FixtureRequest, settings: Any, outbox_folder: Path, visitor: Client, name: str, purpose: Purpose
) -> None:
    settings.EMAIL_BACKEND = "subscriptions.outbox.EmailBackend"
    reader: Subscriber = request.getfixturevalue(name)
    lifecycle.sign_up(reader.email, Preferences(), now=NOW)
    queue.send_pending(now=NOW)
    message = only_mail(outbox_folder)
    assert (message["To"], message["From"]) == (reader.email, "Daily Papers <digest@papers.example.org>")
    assert message["Auto-Submitted"] == "auto-generated"  # RFC 3834
    assert message["List-Unsubscribe"] is None  # there is no subscription to end, or the email is not part of it
    assert message["List-Unsubscribe-Post"] is None
    assert 10 < len(message["Subject"]) < 70
    assert message["Message-ID"]
    assert message["Date"]
    assert not message.defects
    # Both parts have the same link, and it works.
    link = SITE + path_of(purpose, reader)
    assert link in part(message, "plain")
    assert f'href="{link}"' in part(message, "html")
    assert visitor.get(link.removeprefix(SITE)).status_code == 200


def test_it_keeps_lines_short_enough_for_every_server(bob: Subscriber, settings: Any, outbox_folder: Path) -> None:
    settings.EMAIL_BACKEND = "subscriptions.outbox.EmailBackend"
    queue.send_pending(now=NOW)
    (path,) = outbox_folder.iterdir()
    assert max(map(len, path.read_bytes().splitlines())) <= 998  # RFC 5322


@pytest.mark.usefixtures("bob")
def test_it_repeats_nothing_that_was_typed_into_the_form(visitor: Client, settings: Any, outbox_folder: Path) -> None:
    """Anyone can sign anyone up, so the email must not contain a stranger's text."""
    settings.EMAIL_BACKEND = "subscriptions.outbox.EmailBackend"
    typed = {"words": "win money, author:Spammer", "topics": ["vision"], "time_zone": "Antarctica/Troll"}
    visitor.post("/subscribe/", {"email": "bob@example.org", **typed})
    queue.send_pending(now=NOW)
    message = only_mail(outbox_folder)
    for text in (str(message["Subject"]), part(message, "plain"), part(message, "html")):
        assert not re.search("money|Spammer|Troll|bob@", text)


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPRecipientsRefused({"bob@example.org": (450, b"bob@example.org: try later")}),
        smtplib.SMTPServerDisconnected("try later"),
        OSError("try later"),
        ValueError("a mistake of our own, try later"),
    ],
)
def test_it_tries_again_after_the_lease(
    bob: Subscriber, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    with monkeypatch.context() as broken:
        fail(broken, error)
        assert queue.send_pending(now=NOW) == 0
    assert f"The confirm email to reader {bob.uid} was not sent; next try in 5 minutes" in caplog.text
    assert "try later" in caplog.text
    assert bob.email not in caplog.text
    assert stored(bob)["owed"] == ["confirm"]

    assert queue.send_pending(now=NOW + queue.LEASE) == 0, "not yet"
    assert queue.send_pending(now=NOW + queue.LEASE + dt.timedelta(seconds=1)) == 1
    assert len(mail.outbox) == 1


def test_it_is_not_held_up_by_one_email_that_fails(bob: Subscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    lifecycle.sign_up("eve@example.org", Preferences(), now=NOW)
    calls: list[int] = []

    def fail_first() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("once")

    while_sending(monkeypatch, fail_first)
    assert queue.send_pending(now=NOW) == 1
    assert OwedNotice.objects.count() == 1


@pytest.mark.usefixtures("bob")
def test_it_sends_one_email_with_two_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    others: list[int] = []

    def another_worker() -> None:
        if not others:
            others.append(0)
            others[0] = queue.send_pending(now=NOW)

    while_sending(monkeypatch, another_worker)
    assert queue.send_pending(now=NOW) == 1
    assert others == [0]
    assert len(mail.outbox) == 1


def test_it_leaves_what_it_has_no_time_for_to_the_next_tick(bob: Subscriber) -> None:
    lifecycle.sign_up("eve@example.org", Preferences(), now=NOW)
    assert queue.send_pending(now=NOW, seconds=0) == 1
    assert queue.send_pending(now=NOW, seconds=0) == 1
    assert len(mail.outbox) == 2


def test_it_leaves_alone_what_another_worker_has(bob: Subscriber) -> None:
    OwedNotice.objects.update(claimed_at=NOW)
    assert queue.send_pending(now=NOW + dt.timedelta(minutes=4)) == 0
    # If that worker had died, the email would be sent now.
    assert queue.send_pending(now=NOW + dt.timedelta(minutes=6)) == 1


@pytest.mark.parametrize("step", ["confirm", "unsubscribe", "suppress"])
def test_it_looks_again_right_before_each_mail(bob: Subscriber, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """While the first email is sent, the other reader confirms, unsubscribes or complains."""
    lifecycle.sign_up("eve@example.org", Preferences(), now=NOW)

    def the_others_go() -> None:
        for reader in Subscriber.objects.filter(owed_notices__claimed_at=None):
            if step == "suppress":
                lifecycle.suppress(reader.email, "complained")
            else:
                getattr(lifecycle, step)(reader, now=NOW)

    while_sending(monkeypatch, the_others_go)
    assert queue.send_pending(now=NOW) == 1
    assert len(mail.outbox) == 1


def test_it_sends_the_notice_that_is_owed_now(bob: Subscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first email is sent, the other reader confirms and signs up again."""
    lifecycle.sign_up("eve@example.org", Preferences(), now=NOW)

    def the_other_confirms() -> None:
        for reader in Subscriber.objects.filter(status="pending", owed_notices__claimed_at=None):
            lifecycle.confirm(reader, now=NOW)
            lifecycle.sign_up(reader.email, Preferences(), now=NOW)

    while_sending(monkeypatch, the_other_confirms)
    assert queue.send_pending(now=NOW) + queue.send_pending(now=NOW) == 3
    assert [message.subject.partition(" Daily")[0] for message in mail.outbox] == [
        "Please confirm your subscription to", "Welcome to", "You are already subscribed to",
    ]  # fmt: skip


def test_it_keeps_a_notice_that_comes_up_while_another_is_sent(
    bob: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the confirmation is sent, its reader confirms by an older link and signs up again."""

    def confirms_and_signs_up() -> None:
        if stored(bob)["status"] == "pending":
            lifecycle.confirm(bob, now=NOW)
            lifecycle.sign_up(bob.email, Preferences(), now=NOW)

    while_sending(monkeypatch, confirms_and_signs_up)
    queue.send_pending(now=NOW)
    assert stored(bob)["owed"] == ["already_subscribed", "welcome"]
    assert queue.send_pending(now=NOW) == 2


def test_it_sends_a_notice_again_that_is_requested_while_it_is_sent(
    alice: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the link to one new address is sent, the reader requests a different one."""
    address_change.request_change(alice, "first@example.org", now=NOW)

    def asks_again() -> None:
        if not mail.outbox:
            address_change.request_change(alice, "second@example.org", now=NOW + dt.timedelta(seconds=1))

    while_sending(monkeypatch, asks_again)
    queue.send_pending(now=NOW)
    queue.send_pending(now=NOW)
    assert [message.to for message in mail.outbox] == [["first@example.org"], ["second@example.org"]]


def test_it_mails_no_address_that_was_suppressed_since(alice: Subscriber) -> None:
    lifecycle.queue_notice(alice, OwedNotice.Kind.MOVED, to="former@example.org", now=NOW)
    lifecycle.suppress("former@example.org", "bounced")
    assert queue.send_pending(now=NOW) == 0
    assert mail.outbox == []
    assert stored(alice)["owed"] == []


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (smtplib.SMTPRecipientsRefused({"bob@example.org": (550, b"no such user")}), NOW),
        (OSError("disk full"), NOW - queue.MAX_AGE),
    ],
)
def test_it_gives_up_on_what_will_never_or_need_not_arrive(
    bob: Subscriber, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception, asked: Any
) -> None:
    OwedNotice.objects.update(asked_at=asked)
    fail(monkeypatch, error)
    assert queue.send_pending(now=NOW) == 0
    assert stored(bob)["owed"] == []
    assert "given up" in caplog.text
