"""The log of consents."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from subscriptions import tasks
from subscriptions.email_addresses import address_hash
from subscriptions.models import Consent, ConsentText, FormPost, Mark, Subscriber
from subscriptions.notices import queue
from subscriptions.readers import consents, lifecycle
from subscriptions.readers.consents import Trace
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW, stamped
from tests.subscriptions.conftest import path_of

pytestmark = [pytest.mark.usefixtures("now"), pytest.mark.django_db]
BROWSER: Any = {"headers": {"user-agent": "Mozilla/5.0 (Test)"}, "REMOTE_ADDR": "203.0.113.9"}


def events(reader: Subscriber) -> list[str]:
    return list(Consent.objects.filter(reader_uid=reader.uid).order_by("pk").values_list("event", flat=True))


def sign_up(visitor: Client, **fields: str) -> Subscriber:
    form = {"email": "ada@example.org", "stamp": stamped(), "consent": consents.version_of(consents.text())}
    headers = {"user-agent": "Mozilla/5.0 (Test)", "referer": "http://testserver/2026-08-20/"}
    visitor.post("/subscribe/", form | fields, headers=headers, REMOTE_ADDR="203.0.113.9")
    queue.send_pending(now=NOW)
    return Subscriber.objects.get(email="ada@example.org")


def test_it_keeps_what_was_agreed_to_when_and_where(visitor: Client) -> None:
    reader = sign_up(visitor)
    asked = Consent.objects.get(event="asked")
    assert (asked.reader_uid, asked.happened_at) == (reader.uid, NOW)
    assert asked.address_hash == address_hash("ada@example.org")
    assert (asked.where, asked.ip, asked.user_agent) == ("/2026-08-20/", "203.0.113.9", "Mozilla/5.0 (Test)")
    assert ConsentText.objects.get(version=asked.text_version).text == consents.text()
    assert "Daily Papers" in consents.text()


def test_it_shows_the_wording_of_the_stored_version(visitor: Client) -> None:
    page = visitor.get("/subscribe/").content.decode()
    assert consents.text() in page
    assert f'name="consent" value="{consents.version_of(consents.text())}"' in page


@pytest.mark.parametrize("version", ["", "0" * 16, "x", "\x00", "g" * 16, "0" * 5000])
def test_it_keeps_no_version_that_we_never_wrote(visitor: Client, version: str) -> None:
    sign_up(visitor, consent=version)
    assert Consent.objects.get(event="asked").text_version == ""


def test_it_follows_a_reader_from_step_to_step(visitor: Client) -> None:
    reader = sign_up(visitor)
    visitor.post(path_of(Purpose.CONFIRM, reader), **BROWSER)
    visitor.post(path_of(Purpose.CONFIRM, reader), **BROWSER)
    visitor.post(path_of(Purpose.PREFERENCES, reader), {"frequency": "weekly"}, **BROWSER)
    visitor.post(path_of(Purpose.UNSUBSCRIBE, reader), {"List-Unsubscribe": "One-Click"}, **BROWSER)
    visitor.post(path_of(Purpose.RESUBSCRIBE, reader), {"offer": "undo"}, **BROWSER)
    lifecycle.suppress(reader.email, "complained")
    assert events(reader) == ["asked", "mailed", "confirmed", "changed", "withdrawn", "returned", "withdrawn"]
    confirmed = Consent.objects.get(event="confirmed")
    assert (confirmed.ip, confirmed.where) == ("203.0.113.9", "confirm")
    ways = list(Consent.objects.filter(event="withdrawn").order_by("pk").values_list("where", flat=True))
    assert ways == ["one-click", "complained"]


def test_it_names_no_address(visitor: Client) -> None:
    sign_up(visitor)
    assert "@" not in repr(list(Consent.objects.values()))


def test_it_keeps_network_and_browser_of_signing_up_and_confirming_alone(visitor: Client) -> None:
    """The privacy page promises this."""
    reader = sign_up(visitor)
    for purpose, form in [
        (Purpose.CONFIRM, {}), (Purpose.PREFERENCES, {"frequency": "weekly"}), (Purpose.UNSUBSCRIBE, {}),
        (Purpose.RESUBSCRIBE, {"offer": "undo"}),
    ]:  # fmt: skip
        assert visitor.post(path_of(purpose, reader), form, **BROWSER).status_code in (200, 202, 302)
    proofs = Consent.objects.filter(ip="203.0.113.9", user_agent="Mozilla/5.0 (Test)")
    assert set(proofs.values_list("event", flat=True)) == {"asked", "confirmed"}
    others = Consent.objects.exclude(event__in=["asked", "confirmed"])
    assert set(others.values_list("event", "ip", "user_agent")) == {
        (event, None, "") for event in ("mailed", "changed", "withdrawn", "returned")
    }


def test_it_keeps_neither_network_nor_browser_where_operators_do_not_want_it(visitor: Client, settings: Any) -> None:
    settings.RECORD_IP_ADDRESSES = False
    form = {"email": "ada@example.org", "stamp": stamped()}
    visitor.post("/subscribe/", form, **BROWSER)
    visitor.post("/preferences/", form, **BROWSER)
    assert FormPost.objects.count() == 2
    for kept in (*FormPost.objects.values(), *Mark.objects.values()):
        assert not re.search(r"203\.0|Mozilla", repr(kept))
    queue.send_pending(now=NOW)
    visitor.post(path_of(Purpose.CONFIRM, Subscriber.objects.get()), **BROWSER)
    assert set(Consent.objects.values_list("event", "ip", "user_agent")) == {
        (event, None, "") for event in ("asked", "mailed", "confirmed")
    }


def test_it_counts_a_network_whether_or_not_its_address_is_kept(visitor: Client, settings: Any) -> None:
    settings.RECORD_IP_ADDRESSES, settings.LIMIT_PER_NETWORK = False, [(1, dt.timedelta(days=1))]
    form = {"email": "ada@example.org", "stamp": stamped()}
    assert [visitor.post("/subscribe/", form, **BROWSER).status_code for _ in range(2)] == [202, 429]


def test_it_is_only_ever_added_to(alice: Subscriber) -> None:
    row = Consent.objects.filter(reader_uid=alice.uid)[0]
    row.event = "withdrawn"
    with pytest.raises(TypeError):
        row.save()


def test_it_forgets_networks_and_browsers_after_ninety_days(alice: Subscriber) -> None:
    for days in (89, 91):
        consents.record(alice, "asked", Trace(ip="203.0.113.9", user_agent="Mozilla"))
        Consent.objects.filter(pk=Consent.objects.latest("pk").pk).update(happened_at=NOW - dt.timedelta(days=days))
    tasks.forget_what_is_old()
    dated = Consent.objects.filter(event="asked", happened_at__lt=NOW - dt.timedelta(days=80))
    kept = dated.order_by("happened_at").values_list("ip", "user_agent")
    assert list(kept) == [(None, ""), ("203.0.113.9", "Mozilla")]


def test_it_forgets_who_never_agreed(bob: Subscriber, alice: Subscriber) -> None:
    Subscriber.objects.filter(pk=bob.pk).update(created_at=NOW, asked_to_confirm_at=NOW)
    lifecycle.delete_unconfirmed(now=NOW + dt.timedelta(days=31))
    assert events(bob) == []
    assert events(alice) == ["asked", "confirmed"]
