"""The ways out of a sign-up that got stuck: an expired link, a second sign-up, less email instead of none."""

import datetime as dt

import pytest
import time_machine
from django.core import mail
from django.test import Client

from subscriptions.models import Consent, Subscriber, Topic, TopicFilter
from subscriptions.notices import queue
from subscriptions.readers import lifecycle
from subscriptions.readers.preferences import Preferences
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW
from tests.subscriptions.conftest import path_of, stored

pytestmark = [pytest.mark.usefixtures("now"), pytest.mark.django_db]
LATER = NOW + dt.timedelta(days=8)


def text_of(response: object) -> str:
    return " ".join(response.content.decode().split())  # type: ignore[attr-defined]


def test_an_expired_link_brings_a_new_one_with_the_choice_kept(visitor: Client, learning: Topic) -> None:
    lifecycle.sign_up("ada@example.org", Preferences(topics=[learning], words="quantum"), now=NOW)
    reader = Subscriber.objects.get(email="ada@example.org")
    link = path_of(Purpose.CONFIRM, reader)
    reader.owed_notices.all().delete()
    with time_machine.travel(LATER, tick=False):
        page = visitor.get(link)
        assert page.status_code == 410
        assert f'action="{link}new/"' in text_of(page)
        answer = visitor.post(f"{link}new/")
        assert (answer.status_code, "A new link is on its way to a•••@example.org" in text_of(answer)) == (202, True)
        queue.send_pending(now=LATER)
        (message,) = mail.outbox
        assert path_of(Purpose.CONFIRM, reader) in str(message.body)
        visitor.post(path_of(Purpose.CONFIRM, reader))
    assert stored(reader)["status"] == "active"
    assert stored(reader)["follows"] == ["learning", "quantum"]


def test_an_expired_link_mails_only_as_often_as_the_form(visitor: Client, bob: Subscriber) -> None:
    link = path_of(Purpose.CONFIRM, bob)
    assert [visitor.post(f"{link}new/").status_code for _ in range(3)] == [202, 202, 429]


@pytest.mark.parametrize("token", ["x", "é", "0" * 60])
def test_a_forged_link_brings_nothing(visitor: Client, token: str, bob: Subscriber) -> None:
    assert visitor.post(f"/confirm/{token}/new/").status_code == 404
    forged = link_tokens.make_token(Purpose.PREFERENCES, bob)
    assert visitor.post(f"/confirm/{forged}/new/").status_code == 404


def test_a_second_sign_up_offers_its_new_topics_by_email(
    visitor: Client, alice: Subscriber, learning: Topic, vision: Topic
) -> None:
    alice.filters.all().delete()
    alice.filters.create(topic=learning)
    lifecycle.sign_up(alice.email, Preferences(topics=[learning, vision], words="win money"), now=NOW)
    assert stored(alice)["follows"] == ["learning"], "anyone could have typed the address"
    queue.send_pending(now=NOW)
    (message,) = mail.outbox
    assert "This topic is new: Vision." in " ".join(str(message.body).split())
    assert "win money" not in str(message.body)
    assert path_of(Purpose.UNSUBSCRIBE, alice) in str(message.body)
    link = f"{path_of(Purpose.PREFERENCES, alice)}add/"
    assert link in str(message.body)
    assert "<li>Vision</li>" in text_of(visitor.get(link))
    assert stored(alice)["follows"] == ["learning"]
    assert visitor.post(link).status_code == 302
    assert stored(alice)["follows"] == ["learning", "vision"]
    assert visitor.get(link).status_code == 302, "there is nothing left to add"
    assert Consent.objects.filter(event=Consent.Event.CHANGED).count() == 1


@pytest.mark.parametrize(("offer", "changed"), [("weekly", "weekly"), ("fewer", "daily"), ("pause", "daily")])
def test_the_page_to_unsubscribe_offers_less_email(
    visitor: Client, alice: Subscriber, offer: str, changed: str
) -> None:
    path = path_of(Purpose.UNSUBSCRIBE, alice)
    assert f'action="{path}less/"' in text_of(visitor.get(path))
    answer = text_of(visitor.post(f"{path}less/", {"offer": offer}))
    assert "Done: you will get less email." in answer
    row = stored(alice)
    assert (row["frequency"], row["status"]) == (changed, "paused" if offer == "pause" else "active")
    assert row["max_papers"] == (5 if offer == "fewer" else 10)
    queue.send_pending(now=NOW)
    assert [message.subject for message in mail.outbox] == ["Less email from Daily Papers"]


def test_less_email_can_be_chosen_three_times_a_day(visitor: Client, alice: Subscriber) -> None:
    path = path_of(Purpose.UNSUBSCRIBE, alice)
    answers = [visitor.post(f"{path}less/", {"offer": "weekly"}).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    lifecycle.unsubscribe(alice, now=NOW)
    assert visitor.post(f"{path}less/", {"offer": "weekly"}).status_code == 429
    assert stored(alice)["status"] == "unsubscribed"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("video, author:Yann LeCun, cat:cs.CL", "“video”, author “Yann LeCun” and category “cs.CL”"),
        ("win money at evil.example", "your own words"),
        ("call 0800 1234567", "your own words"),
        ("see https://evil.example/x", "your own words"),
        ("pay $100", "your own words"),
        ("cat:evil.com", "your own words"),
        ("GPT-4.5, text/image (3D)", "“GPT-4.5” and “text/image (3D)”"),
        ("a&b <b>bold</b>", "your own words"),
        ("graph neural networks " * 4, "“graph neural networks graph neural networks graph neural…”"),
    ],
)
def test_the_confirmation_names_the_choice_before_the_button(
    visitor: Client, learning: Topic, words: str, named: str
) -> None:
    lifecycle.sign_up("ada@example.org", Preferences(topics=[learning]), now=NOW)
    reader = Subscriber.objects.get(email="ada@example.org")
    TopicFilter.objects.create(subscriber=reader, words=words.strip())
    queue.send_pending(now=NOW)
    (message,) = mail.outbox
    text = " ".join(str(message.body).split())
    named_after_a_topic = f"Learning, {named}" if " and " in named else f"Learning and {named}"
    assert f"for papers on: {named_after_a_topic}." in text
    assert text.index("for papers on") < text.index("Confirm subscription:") < text.index("If this wasn’t you")
    on_the_page = named.replace(" and ", ", ")
    assert f"Learning, {on_the_page}" in text_of(visitor.get(path_of(Purpose.CONFIRM, reader)))


def test_the_confirmation_without_a_choice_names_the_top_voted_papers() -> None:
    lifecycle.sign_up("ada@example.org", Preferences(), now=NOW)
    queue.send_pending(now=NOW)
    text = " ".join(str(mail.outbox[0].body).split())
    assert "signed up at papers.example.org for the day’s top-voted papers." in text


def test_pages_of_the_sign_up_offer_languages_and_do_not_beckon(visitor: Client, bob: Subscriber) -> None:
    form = {"email": "ada@example.org", "stamp": ""}
    pages = {
        "/de/subscribe/sent/": text_of(visitor.post("/subscribe/", form | {"stamp": _stamp(visitor)})),
        "/de" + path_of(Purpose.CONFIRM, bob): text_of(visitor.post(path_of(Purpose.CONFIRM, bob))),
        "/de" + path_of(Purpose.UNSUBSCRIBE, bob): text_of(visitor.post(path_of(Purpose.UNSUBSCRIBE, bob))),
    }
    for path, page in pages.items():
        assert f'href="{path}"' in page
        assert visitor.get(path).status_code == 200
        assert '<a class="button quiet" href="/subscribe/">' not in page


def _stamp(visitor: Client) -> str:
    page = visitor.get("/subscribe/").content.decode()
    return page.split('name="stamp" value="')[1].split('"')[0]
