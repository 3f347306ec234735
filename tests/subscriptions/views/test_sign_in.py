"""Signing in by an emailed link, on the confirmation page and on the settings page, and signing out."""

import datetime as dt

import pytest
import time_machine
from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.core import mail
from django.http import HttpResponse
from django.test import Client, RequestFactory

from subscriptions.models import Device, FormPost, OwedNotice, Subscriber
from subscriptions.notices import queue
from subscriptions.readers import signup_queue
from subscriptions.security import link_tokens, reader_session
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW, stamped
from tests.subscriptions.conftest import path_of
from tests.subscriptions.security.test_reader_session import is_signed_in, sign_in

pytestmark = [pytest.mark.usefixtures("now"), pytest.mark.django_db]

ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


def ask_for_link(visitor: Client, email: str) -> str:
    """Ask for a sign-in link. Return the page without the address."""
    response = visitor.post("/sign-in/", {"email": email, "stamp": stamped()})
    assert response.status_code == 202
    assert not response.cookies
    return response.text.replace(email, "")


def test_the_answer_is_the_same_for_every_address(
    visitor: Client, alice: Subscriber, bob: Subscriber, charlie: Subscriber
) -> None:
    addresses = [reader.email for reader in (alice, bob, charlie)]
    assert len({ask_for_link(visitor, address) for address in [*addresses, "nobody@example.org"]}) == 1


def test_a_reader_is_emailed_a_link_that_needs_a_press(visitor: Client, alice: Subscriber) -> None:
    ask_for_link(visitor, alice.email)
    queue.send_pending(now=NOW)
    (sent,) = mail.outbox
    path = path_of(Purpose.SIGN_IN, alice)
    assert path in sent.body
    assert visitor.get(path).status_code == 200
    assert visitor.head(path).status_code == 200
    assert not Device.objects.exists()
    assert visitor.post(path)["Location"] == "/for-you/"
    assert is_signed_in(visitor)


def test_a_sign_in_link_works_for_an_hour(visitor: Client, alice: Subscriber) -> None:
    path = path_of(Purpose.SIGN_IN, alice)
    with time_machine.travel(NOW + dt.timedelta(minutes=61), tick=False):
        assert visitor.post(path).status_code == 410
    assert not Device.objects.exists()


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose != Purpose.SIGN_IN])
def test_no_token_of_another_link_signs_in(visitor: Client, alice: Subscriber, purpose: Purpose) -> None:
    assert visitor.post(f"/sign-in/{link_tokens.make_token(purpose, alice)}/").status_code == 404


def test_another_site_can_not_sign_its_visitors_in_as_someone_else(visitor: Client, alice: Subscriber) -> None:
    assert visitor.post(path_of(Purpose.SIGN_IN, alice), headers=ELSEWHERE).status_code == 200
    visitor.post(path_of(Purpose.PREFERENCES, alice) + "sign-in/", headers=ELSEWHERE)
    assert not Device.objects.exists()


def test_an_address_gets_three_sign_in_links_a_day(visitor: Client, alice: Subscriber) -> None:
    for hours in range(5):
        with time_machine.travel(NOW + dt.timedelta(hours=2 * hours), tick=False):
            ask_for_link(visitor, alice.email)
            queue.send_pending(now=NOW + dt.timedelta(hours=2 * hours))
    assert len(mail.outbox) == 3


def test_a_program_that_posts_without_our_form_sends_nothing(visitor: Client, alice: Subscriber) -> None:
    visitor.post("/sign-in/", {"email": alice.email})
    visitor.post("/sign-in/", {"email": alice.email, "stamp": stamped(), "website": "https://spam.example"})
    assert not FormPost.objects.exists()


def test_a_reader_who_left_gets_the_link_to_the_settings(visitor: Client, charlie: Subscriber) -> None:
    ask_for_link(visitor, charlie.email)
    queue.send_pending(now=NOW)
    assert path_of(Purpose.PREFERENCES, charlie) in mail.outbox[0].body
    assert visitor.post(path_of(Purpose.SIGN_IN, charlie)).status_code == 410


def test_the_confirmation_has_a_button_to_stay_signed_in_and_one_without(visitor: Client, bob: Subscriber) -> None:
    page = visitor.get(path_of(Purpose.CONFIRM, bob)).text
    assert '<button class="button" name="keep" value="1">Confirm and stay signed in</button>' in page
    assert '<button class="button quiet">Only confirm</button>' in page
    assert 'type="checkbox"' not in page


def test_confirming_signs_in_only_if_asked(visitor: Client, bob: Subscriber) -> None:
    visitor.post(path_of(Purpose.CONFIRM, bob))
    assert not Device.objects.exists()
    Subscriber.objects.filter(pk=bob.pk).update(status=Subscriber.Status.PENDING)
    response = visitor.post(path_of(Purpose.CONFIRM, bob), {"keep": "1"})
    assert response.cookies[reader_session.cookie_name()]["httponly"]
    assert is_signed_in(visitor)


def test_a_confirmation_link_signs_in_only_once(visitor: Client, bob: Subscriber) -> None:
    visitor.post(path_of(Purpose.CONFIRM, bob))
    response = visitor.post(path_of(Purpose.CONFIRM, bob), {"keep": "1"})
    assert response.status_code == 200
    assert not Device.objects.exists()


def test_opening_the_settings_signs_no_one_in(visitor: Client, alice: Subscriber) -> None:
    response = visitor.get(path_of(Purpose.PREFERENCES, alice))
    assert "Email me a sign-in link" in response.text
    assert not response.cookies
    assert not Device.objects.exists()


def test_the_settings_page_only_emails_a_sign_in_link(visitor: Client, alice: Subscriber) -> None:
    """A friend with a forwarded digest has the link to the settings, too, but not the reader's mailbox."""
    response = visitor.post(f"{path_of(Purpose.PREFERENCES, alice)}sign-in/", follow=True)
    assert "We have emailed you a link that signs a device in." in response.text
    assert not Device.objects.exists()
    signup_queue.process_pending(now=NOW)
    assert alice.owed_notices.get().kind == OwedNotice.Kind.SIGN_IN


def test_the_settings_list_the_devices_and_sign_each_out(
    visitor: Client, alice: Subscriber, charlie: Subscriber
) -> None:
    sign_in(visitor, alice)
    path = path_of(Purpose.PREFERENCES, alice)
    page = visitor.get(path).text
    assert "Firefox · Linux" in page
    assert "This device" in page
    device = Device.objects.get()
    visitor.post(path_of(Purpose.PREFERENCES, charlie) + "devices/", {"device": device.pk})
    assert is_signed_in(visitor)
    visitor.post(f"{path}devices/", {"device": device.pk})
    assert not is_signed_in(visitor)
    for nonsense in ("", "x", "9" * 30):
        assert visitor.post(f"{path}devices/", {"device": nonsense}).status_code == 302


def test_signing_out_here_keeps_other_devices(client: Client, alice: Subscriber) -> None:
    other = Client()
    sign_in(client, alice)
    sign_in(other, alice)
    client.post("/sign-out/")
    assert not is_signed_in(client)
    assert is_signed_in(other)


def test_another_site_can_not_sign_a_reader_out(visitor: Client, alice: Subscriber) -> None:
    sign_in(visitor, alice)
    assert visitor.post("/sign-out/", headers=ELSEWHERE).status_code == 403
    assert is_signed_in(visitor)


def test_a_signed_in_reader_opens_the_settings_without_an_email(visitor: Client, alice: Subscriber) -> None:
    sign_in(visitor, alice)
    response = visitor.get("/preferences/")
    assert response["Location"] == path_of(Purpose.SETTINGS, alice)
    assert response["Cache-Control"] == "no-store"


def test_the_link_of_a_signed_in_reader_works_for_a_day(visitor: Client, alice: Subscriber) -> None:
    sign_in(visitor, alice)
    path = visitor.get("/preferences/")["Location"]
    visitor.cookies.clear()
    assert visitor.get(path).status_code == 200
    assert visitor.post(f"{path}pause/", {"weeks": "2"}).status_code == 302
    with time_machine.travel(NOW + dt.timedelta(hours=25), tick=False):
        response = visitor.get(path)
    assert response.status_code == 410
    assert "A link to your settings from this site works for one day." in response.text


def test_a_press_leaves_no_message_for_the_next_to_sign_in(alice: Subscriber, bob: Subscriber) -> None:
    request = RequestFactory().get("/")
    storage = CookieStorage(request)
    request._messages = storage  # type: ignore[attr-defined]
    storage.add(messages.SUCCESS, "Saved to your list.")
    reader_session.sign_out(request)
    response = HttpResponse()
    storage.update(response)
    assert not response.cookies["messages"].value, "deleted"


def test_an_address_gets_three_emails_an_hour_whatever_they_are_for(visitor: Client, alice: Subscriber) -> None:
    for _ in range(2):
        for path in ("/sign-in/", "/preferences/", "/subscribe/"):
            visitor.post(path, {"email": alice.email, "stamp": stamped()})
            signup_queue.process_pending(now=NOW)
            queue.send_pending(now=NOW)
    assert len(mail.outbox) == 3
    later = NOW + dt.timedelta(minutes=61)
    with time_machine.travel(later, tick=False):
        visitor.post("/preferences/", {"email": alice.email, "stamp": stamped()})
        signup_queue.process_pending(now=later)
        queue.send_pending(now=later)
    assert len(mail.outbox) == 4


def test_the_page_to_unsubscribe_links_to_the_settings_of_a_signed_in_reader(
    visitor: Client, alice: Subscriber, bob: Subscriber
) -> None:
    path = path_of(Purpose.UNSUBSCRIBE, alice)
    assert "Email me the link to my settings" in visitor.get(path).text
    sign_in(visitor, bob)
    assert "Email me the link to my settings" in visitor.get(path).text
    sign_in(visitor, alice)
    assert "Email me the link to my settings" not in visitor.get(path).text
