"""Requirements U1 to U11: one-click unsubscribing, as RFC 8058 and the large mail services require.

For U3, on signatures, see test_signatures.
"""

import datetime as dt
import re
from email.message import EmailMessage
from typing import Any

import pytest
import time_machine
from django.core import mail as django_mail
from django.test import Client

from digest.delivery import planner, shard_worker
from digest.models import Edition
from subscriptions.models import OwedNotice, Subscriber
from subscriptions.notices import queue
from subscriptions.readers import lifecycle
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW
from tests.email.mails import Mail, digest_of

ONE_CLICK = {
    "urlencoded": ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
    "multipart": (
        '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
        "multipart/form-data; boundary=b",
    ),
}


def address_in(message: EmailMessage) -> str:
    (value,) = message.get_all("List-Unsubscribe") or []
    found = re.fullmatch(r"<(https://papers\.example\.org/[^<>\s]+/)>", value)
    assert found is not None
    return found[1]


def click(mail: Mail, encoding: str = "urlencoded", **options: Any) -> Any:
    """Unsubscribe as a mail client does: POST without a cookie, CSRF token, Referer or login."""
    body, content_type = ONE_CLICK[encoding]
    path = address_in(mail.message).removeprefix("https://papers.example.org")
    return Client(enforce_csrf_checks=True).post(path, body, content_type=content_type, **options)


def status_of(reader: Subscriber) -> str:
    reader.refresh_from_db()
    return reader.status


@pytest.fixture
def mail(edition: Edition, alice: Subscriber) -> Mail:
    return digest_of(edition, alice)


def test_u1_every_digest_has_one_header_with_one_https_address(mails: list[Mail]) -> None:
    assert len({address_in(mail.message) for mail in mails}) == len(mails)


def test_u2_the_second_header_is_the_exact_pair(mails: list[Mail]) -> None:
    for mail in mails:
        assert mail.message.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]


@pytest.mark.parametrize("encoding", ONE_CLICK)
def test_u4_a_bare_post_unsubscribes(mail: Mail, alice: Subscriber, encoding: str) -> None:
    answer = click(mail, encoding)
    assert answer.status_code == 200
    assert len(answer.content) < 100
    assert status_of(alice) == "unsubscribed"


@pytest.mark.parametrize("secure", [True, False])
def test_u5_the_answer_is_never_a_redirect(mail: Mail, secure: bool) -> None:
    assert click(mail, secure=secure).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_u6_following_the_link_changes_nothing(mail: Mail, alice: Subscriber, method: str) -> None:
    path = address_in(mail.message).removeprefix("https://papers.example.org")
    for _ in range(10):
        Client().generic(method, path)
    assert status_of(alice) == "active"
    assert Client().get(path).content.decode().count('<form method="post">') == 1


def test_u7_the_token_names_no_address_and_another_opens_nothing(mail: Mail, alice: Subscriber) -> None:
    address = address_in(mail.message)
    token = address.rstrip("/").rpartition("/")[2]
    assert "alice" not in address
    assert len(token) >= 22  # 128 bits in base64
    answers = set()
    for other in (token[:-1], token + "A", token.swapcase(), "x" * 50, "alice@example.org"):
        answer = Client().post(f"/unsubscribe/{other}/", {"List-Unsubscribe": "One-Click"})
        answers.add((answer.status_code, answer.content))
    assert len(answers) == 1
    assert status_of(alice) == "active"


def test_u8_a_second_click_is_like_the_first_and_old_links_work(mail: Mail, alice: Subscriber, settings: Any) -> None:
    first = click(mail)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the next key", [settings.SECRET_KEY]
    with time_machine.travel(NOW + dt.timedelta(days=400)):
        second = click(mail)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert status_of(alice) == "unsubscribed"


@pytest.mark.usefixtures("now")
def test_u9_nothing_is_sent_after_the_click_not_even_queued_digests(edition: Edition, alice: Subscriber) -> None:
    planner.plan_everyone(edition, now=NOW)
    lifecycle.unsubscribe(alice, now=NOW)
    shard_worker.send_due()
    assert django_mail.outbox == []
    assert planner.plan_everyone(edition, now=NOW) == 0


def test_u10_both_parts_show_the_unsubscribe_link(mail: Mail, alice: Subscriber) -> None:
    way_out = link_tokens.make_url(Purpose.UNSUBSCRIBE, alice)
    assert way_out in mail.links
    assert way_out in mail.text_links
    assert re.search(r"Unsubscribe:\s+" + re.escape(way_out), mail.text)


@pytest.mark.usefixtures("now")
def test_u11_notices_have_no_unsubscribe_header(bob: Subscriber, alice: Subscriber) -> None:
    """Only the welcome email does, because it is the first of the subscription."""
    kinds = set(OwedNotice.Kind.values) - {"welcome"}
    for kind in kinds:
        lifecycle.queue_notice(alice, kind, now=NOW)
    queue.send_pending(now=NOW)
    assert len(django_mail.outbox) == 1 + len(kinds)
    for message in django_mail.outbox:
        sent = message.message()
        assert sent["List-Unsubscribe"] is None
        assert sent["List-Unsubscribe-Post"] is None


def test_every_link_to_the_site_leads_to_its_target(client: Client, edition: Edition, alice: Subscriber) -> None:
    ours = {link for link in digest_of(edition, alice).links if link.startswith("https://papers.example.org")}
    assert len(ours) > 5
    for link in ours:
        path, _, place = link.removeprefix("https://papers.example.org").partition("#")
        page = client.get(path)
        assert page.status_code == 200 or ("/digests/" in path and "/papers/" not in path), link
        assert not place or f'id="{place}"' in page.content.decode(), link
