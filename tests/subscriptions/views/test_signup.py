"""The sign-up form: it accepts, it refuses, and it reveals no reader."""

import datetime as dt
import html
import re
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from kombu.exceptions import OperationalError

from subscriptions import tasks
from subscriptions.models import Subscriber, Suppression, Topic
from subscriptions.notices import queue
from subscriptions.query.grammar import parse
from subscriptions.readers import lifecycle, signup_queue
from subscriptions.readers.consents import Trace
from subscriptions.readers.preferences import Preferences
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW, make_reader, stamped
from tests.subscriptions.conftest import PERSONAL_PAGES, path_of, stored

pytestmark = pytest.mark.usefixtures("now", "learning", "vision")

FORM = {
    "email": "new@example.org",
    "topics": ["learning", "vision"],
    "words": "diffusion, -survey",
    "frequency": "weekly",
    "send_hour": "0",
    "time_zone": "Asia/Tokyo",
    "max_papers": "25",
    "mail_quiet_days": "on",
    "amount": "fewer",
    "language": "de",
}


def sign_up(visitor: Client, **fields: Any) -> Any:
    """Send the form and run the worker."""
    response = visitor.post("/subscribe/", FORM | {"stamp": stamped()} | fields)
    signup_queue.process_pending(now=timezone.now())
    return response


def page(response: Any) -> str:
    return html.unescape(response.content.decode())


def said(response: Any, email: str) -> str:
    """Return the response to a sign-up without the typed address, the form's stamp and send times."""
    return re.sub('name="(stamp|sent)" value="[^"]*"', "", page(response)).replace(email, "")


def test_it_shows_the_form(visitor: Client) -> None:
    response = visitor.get("/subscribe/")
    assert response.status_code == 200
    for name in FORM:
        assert f'name="{name}"' in page(response)
    assert "Vision" in page(response)


def test_it_shows_examples_of_all_that_can_be_typed(visitor: Client) -> None:
    examples = re.findall(r"<dt><code>(.*?)</code>", page(visitor.get("/subscribe/")))
    criteria = parse("\n".join(examples))
    assert all(criteria)
    assert 'author:"LeCun, Yann"' in page(visitor.get("/subscribe/"))


def test_it_takes_what_a_link_to_it_proposes(visitor: Client) -> None:
    response = visitor.get("/subscribe/", {"topics": ["vision", "unknown", "a\x00b"], "words": '"<b>", x'})
    assert response.status_code == 200
    assert "<b>" not in response.content.decode()
    assert '"<b>", x' in page(response)
    assert not Subscriber.objects.exists()


def test_it_stores_what_the_reader_asks_for(visitor: Client) -> None:
    response = sign_up(visitor)
    assert response.status_code == 202
    assert b"<bdi>new@example.org</bdi>" in response.content
    row = stored(Subscriber.objects.get())
    wanted = {
        "email": "new@example.org",
        "status": "pending",
        "owed": ["confirm"],
        "follows": ["diffusion, -survey", "learning", "vision"],
        "frequency": "weekly",
        "send_hour": 0,
        "time_zone": "Asia/Tokyo",
        "max_papers": 25,
        "mail_quiet_days": True,
        "amount": "fewer",
        "language": "de",
        "confirmed_at": None,
    }
    assert {name: row[name] for name in wanted} == wanted


def test_it_needs_nothing_but_an_address(visitor: Client) -> None:
    response = visitor.post("/subscribe/", {"email": " ada@example.org ", "stamp": stamped()})
    assert response.status_code == 202
    signup_queue.process_pending(now=NOW)
    row = stored(Subscriber.objects.get())
    assert (row["email"], row["follows"]) == ("ada@example.org", [])
    assert (row["frequency"], row["send_hour"], row["time_zone"]) == ("daily", 7, "UTC")
    assert (row["max_papers"], row["mail_quiet_days"]) == (10, False)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"email": ""}, "Enter your email address, such as ada@example.org."),
        ({"email": "   "}, "Enter your email address, such as ada@example.org."),
        ({"email": "ada"}, "That is not an email address. Write it like ada@example.org."),
        ({"email": "ada@"}, "That is not an email address"),
        ({"email": "ada@example"}, "That is not an email address"),
        ({"email": "ada@[10.0.0.5]"}, "We can’t send email to that domain."),
        ({"email": "ada@[::1]"}, "We can’t send email to that domain."),
        ({"email": "ada@10.0.0.50"}, "That is not an email address"),
        ({"email": "root@localhost"}, "We can’t send email to that domain."),
        ({"email": "root@mail.localhost"}, "We can’t send email to that domain."),
        ({"email": "a@example.org, b@example.org"}, "That is not an email address"),
        ({"email": "Ada <ada@example.org>"}, "That is not an email address"),
        ({"email": "a" * 250 + "@example.org"}, "at most 254 characters"),
        ({"topics": ["astrology"]}, "“astrology” is not a topic. Choose one from the list."),
        ({"topics": ["learning", "<script>"]}, "“<script>” is not a topic"),
        ({"words": '"open'}, "quotes must open and close around a whole phrase"),
        ({"words": "cat:x?"}, "is not an arXiv category"),
        ({"words": "title:x"}, "“title:” is not known"),
        ({"words": "x" * 2001}, "That is too long: use at most 2000 characters."),
        ({"frequency": "hourly"}, "Choose one of the options."),
        ({"send_hour": "24"}, "Choose an hour from the list."),
        ({"send_hour": "-1"}, "Choose an hour from the list."),
        ({"send_hour": "noon"}, "Choose an hour from the list."),
        ({"time_zone": "Mars/Olympus"}, "“Mars/Olympus” is not a time zone. Choose one such as Europe/Berlin."),
        ({"max_papers": "0"}, "Write a number from 1 to 25."),
        ({"max_papers": "26"}, "Write a number from 1 to 25."),
        ({"max_papers": "many"}, "Write a number from 1 to 25."),
        ({"amount": "all"}, "Choose one of the options."),
        ({"language": "tlh"}, "Choose a language from the list."),
        ({"max_papers": "1e400"}, "Write a number from 1 to 25."),
    ],
)
def test_it_says_what_is_wrong(visitor: Client, fields: dict[str, Any], message: str) -> None:
    response = sign_up(visitor, **fields)
    assert response.status_code == 400
    assert message in page(response)
    assert "<script>" not in response.content.decode()
    assert not Subscriber.objects.exists()


def test_it_keeps_what_was_typed_when_something_is_wrong(visitor: Client) -> None:
    shown = page(sign_up(visitor, email="ada", words="quantum foam"))
    assert 'value="ada"' in shown
    assert "quantum foam" in shown
    assert shown.count(" checked") == len(["learning", "vision", "weekly", "mail_quiet_days", "fewer"])


@pytest.mark.parametrize("name", ["email", "topics", "words", "frequency", "send_hour", "time_zone", "max_papers"])
def test_it_refuses_nul_bytes_and_values_that_are_too_long(visitor: Client, name: str) -> None:
    """PostgreSQL allows no NUL in text, so the form must refuse it."""
    for value in ("\x00", "a\x00b", "x" * 60_000, "9" * 60_000):
        assert sign_up(visitor, **{name: value}).status_code == 400
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize("name", ["website", "mail_quiet_days"])
def test_it_survives_them_in_the_other_fields(visitor: Client, name: str) -> None:
    for value in ("\x00", "x" * 60_000):
        assert sign_up(visitor, **{name: value}).status_code in (202, 400)


def test_it_survives_a_body_that_is_no_form(visitor: Client) -> None:
    assert visitor.post("/subscribe/", b"\xff\x00{", content_type="application/json").status_code == 400
    assert visitor.post("/subscribe/", b"email=%ff%00&", content_type="multipart/form-data").status_code == 400
    many = "&".join(f"topics={number}" for number in range(5000))
    form = "application/x-www-form-urlencoded"
    assert visitor.post("/subscribe/", many, content_type=form).status_code == 400
    assert visitor.post("/subscribe/", b"words=" + b"x" * 3_000_000, content_type=form).status_code == 413


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org\nBcc: all@example.org",
        "ada@example.org\r\n\r\nBuy!",
        '"ada\x0bBcc:all@example.org"@example.org',
        '"ada\x0cx"@example.org',
        '"ada"@example.org',
        '"a\\da"@example.org',
        "\u212aim@example.org",  # the Kelvin sign, which becomes a k if case is ignored
        "\u017fam@example.org",  # a long s
        "\u0131@example.org",  # an i without its dot
        "\u0430da@example.org",  # a Cyrillic a
        "ada\u200b@example.org",
        "ada@example.org\u202e",
        "ada@" + ".".join(["ü" * 57] * 4) + ".de",  # short enough as typed, too long in Punycode
        "ada@" + "ü" * 63 + ".de",
    ],
)
def test_it_refuses_addresses_made_to_deceive(visitor: Client, address: str) -> None:
    assert sign_up(visitor, email=address).status_code == 400
    assert not Subscriber.objects.exists()


def test_it_takes_addresses_that_are_only_unusual(visitor: Client) -> None:
    unusual = ["o'hara+papers@example.org", "a_b%c@example.org", "a@sub.example.museum", "!#$&*/=?^`{|}~@example.org"]
    for address in unusual:
        assert sign_up(visitor, email=address).status_code == 202
    assert set(Subscriber.objects.values_list("email", flat=True)) == set(unusual)
    assert queue.send_pending(now=NOW) == len(unusual)
    assert sorted(message.to[0] for message in mail.outbox) == sorted(unusual)


@pytest.mark.parametrize(
    "twin",
    [
        "NEW@EXAMPLE.ORG",
        "New@Example.Org",
        "new@exa\u200bmple.org",  # a space without width
        "new@exa\u00admple.org",  # a hyphen that is not shown
        "new@\uff45xample.org",  # a wide e
        "new@example.or\uff47",
    ],
)
def test_it_knows_one_mailbox_in_every_spelling(visitor: Client, twin: str) -> None:
    sign_up(visitor)
    assert sign_up(visitor, email=twin, topics=[]).status_code == 202
    assert stored(Subscriber.objects.get())["follows"] == ["diffusion, -survey"]
    assert queue.send_pending(now=NOW) == 1


@pytest.mark.parametrize("spelling", ["ada@bücher.example", "ada@BÜCHER.example", "ada@xn--bcher-kva.example"])
def test_it_stores_an_international_domain_as_it_is_mailed(visitor: Client, spelling: str) -> None:
    assert sign_up(visitor, email=spelling).status_code == 202
    assert Subscriber.objects.get().email == "ada@xn--bcher-kva.example"


def test_it_finds_suppressed_addresses_in_every_spelling(visitor: Client) -> None:
    lifecycle.suppress("ada@xn--bcher-kva.example", Suppression.Reason.BOUNCED)  # as a provider reports it
    sign_up(visitor, email="Ada@Bücher.example")
    assert not Subscriber.objects.exists()


def test_it_does_not_mix_up_addresses_that_look_like_patterns(visitor: Client) -> None:
    for address in ("axb@example.org", "a_b@example.org", "a%b@example.org"):
        sign_up(visitor, email=address)
    assert Subscriber.objects.count() == 3


def test_it_lets_robots_believe(visitor: Client) -> None:
    person = sign_up(visitor)
    robot = sign_up(visitor, email="robot@example.org", website="https://spam.example")
    assert robot.status_code == person.status_code == 202
    assert said(robot, "robot@example.org") == said(person, "new@example.org")
    assert Subscriber.objects.get().email == "new@example.org"


def test_it_answers_everyone_the_same(visitor: Client, alice: Subscriber, bob: Subscriber, charlie: Any) -> None:
    paused = make_reader("paused@example.org")
    lifecycle.pause(paused, NOW.date() + dt.timedelta(days=7))
    spam = make_reader("spam@example.org")
    lifecycle.suppress(spam.email, "complained")
    lifecycle.suppress("gone@example.org", "bounced")
    answers = set()
    for known in ("new@example.org", "gone@example.org", *(r.email for r in (alice, bob, charlie, paused, spam))):
        response = sign_up(visitor, email=known)
        headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
        answers.add((response.status_code, tuple(sorted(headers.items())), said(response, known)))
    assert len(answers) == 1


def test_it_does_the_same_work_for_everyone(visitor: Client, alice: Subscriber, bob: Subscriber, charlie: Any) -> None:
    """The page looks no one up, so that not even its response time reveals a reader."""
    lifecycle.suppress("gone@example.org", "complained")
    emails = ("new@example.org", "gone@example.org", alice.email, bob.email, charlie.email)
    for path in ("/subscribe/", "/preferences/"):
        asked = set()
        visitor.get(path)  # warms up caches
        for email in emails:
            with CaptureQueriesContext(connection) as queries:
                visitor.post(path, {"email": email, "stamp": stamped()})
            statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
            asked.add(tuple(sql.split(" ", 3)[2] for sql in statements))
            assert not any("subscriber" in query["sql"] for query in queries)
        assert len(asked) == 1


def test_it_leaves_an_active_reader_as_they_are(visitor: Client, alice: Subscriber) -> None:
    before = stored(alice)
    sign_up(visitor, email="ALICE@example.org")
    changed = {name for name, value in stored(alice).items() if value != before[name]}
    assert changed == {"owed", "requested_preferences"}, "only the email offers what was asked for"
    queue.send_pending(now=NOW)
    (message,) = mail.outbox
    assert message.to == ["alice@example.org"]
    assert path_of(Purpose.PREFERENCES, alice) in message.body
    assert "/confirm/" not in message.body


def test_it_leaves_a_paused_reader_paused(visitor: Client, alice: Subscriber) -> None:
    lifecycle.pause(alice, NOW.date() + dt.timedelta(days=7))
    sign_up(visitor, email=alice.email)
    assert (stored(alice)["status"], stored(alice)["owed"]) == ("paused", ["already_subscribed"])


def test_it_asks_a_reader_who_comes_back_to_confirm_again(visitor: Client, charlie: Subscriber) -> None:
    sign_up(visitor, email=charlie.email)
    assert (stored(charlie)["status"], stored(charlie)["owed"]) == ("unsubscribed", ["confirm"])
    assert not Subscriber.objects.active().exists()
    link = path_of(Purpose.CONFIRM, charlie)
    assert "Learning, Vision, “diffusion”, not “survey”" in " ".join(page(visitor.get(link)).split())
    visitor.post(link)
    row = stored(charlie)
    assert (row["status"], row["frequency"], row["send_hour"]) == ("active", "weekly", 0)
    assert row["follows"] == ["diffusion, -survey", "learning", "vision"]


def test_it_mails_who_comes_back_and_lost_it_the_link_to_confirm(visitor: Client, charlie: Subscriber) -> None:
    lifecycle.sign_up(charlie.email, Preferences(), now=NOW - dt.timedelta(days=2))
    charlie.owed_notices.all().delete()
    visitor.post("/preferences/", {"email": charlie.email, "stamp": stamped()})
    queue.send_pending(now=NOW)
    assert [path_of(Purpose.CONFIRM, charlie) in str(message.body) for message in mail.outbox] == [True]


@pytest.mark.parametrize("known", ["new@example.org", "charlie@example.org", "alice@example.org"])
@pytest.mark.usefixtures("alice", "charlie")
def test_it_mails_an_address_three_times_an_hour_four_a_day_and_six_a_month(visitor: Client, known: str) -> None:
    asked_at = [0, 0.25, 0.5, 0.75, 1, 1.25, 12, 23.75, 24, 24.25, 24.5, 47.75, 48, 48.25, 60]
    mailed_at = []
    for hour in asked_at:
        now = NOW + dt.timedelta(hours=hour)
        with time_machine.travel(now, tick=False):
            signup_queue.request_signup(known, Preferences(), Trace(), now=now)
            if queue.send_pending(now=now):
                mailed_at.append(hour)
    assert mailed_at == [0, 0.25, 0.5, 1, 24, 24.25]
    assert len(mail.outbox) == 6


def send_again(visitor: Client, page: str, **fields: str) -> str:
    kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    shown = visitor.post("/subscribe/", {"email": "new@example.org", **kept, **fields}).content.decode()
    queue.send_pending(now=timezone.now())
    return shown


def test_it_sends_again_three_times_and_says_when_the_next_can_go(visitor: Client) -> None:
    shown = sign_up(visitor, words="quantum").content.decode()
    queue.send_pending(now=NOW)
    for minute in (1, 2):
        assert "The next one can be sent" not in shown
        with time_machine.travel(NOW + dt.timedelta(minutes=minute), tick=False):
            shown = send_again(visitor, shown)
            assert "An email is on its way" in shown
    assert len(mail.outbox) == 3
    with time_machine.travel(NOW + dt.timedelta(minutes=20), tick=False):
        shown = send_again(visitor, shown)
        assert "Nothing was sent this time" in shown
        assert "The next one can be sent in 40 minutes." in shown
        assert len(mail.outbox) == 3
        assert "An email is on its way" in send_again(visitor, shown, email="other@example.org")
    with time_machine.travel(NOW + dt.timedelta(minutes=60), tick=False):
        assert "The next one can be sent in 23 hours." in send_again(visitor, shown)
    assert [message.to for message in mail.outbox].count(["new@example.org"]) == 4
    assert Subscriber.objects.get(email="new@example.org").filters.get(topic=None).words == "quantum"


@pytest.mark.parametrize("sent", ["", "x", "x:y", "\x00", "9" * 1000])
def test_it_ignores_send_times_that_are_not_ours(visitor: Client, sent: str) -> None:
    assert "An email is on its way" in sign_up(visitor, sent=sent).content.decode()


def test_it_never_mails_a_suppressed_address(visitor: Client, alice: Subscriber) -> None:
    lifecycle.suppress(alice.email, "complained")
    lifecycle.suppress("stranger@example.org", "bounced")
    before = stored(alice)
    for address in (alice.email, "Stranger@example.org"):
        sign_up(visitor, email=address)
    assert queue.send_pending(now=NOW) == 0
    assert mail.outbox == []
    assert stored(alice) == before
    assert Subscriber.objects.count() == 1


def test_it_works_without_the_broker(
    visitor: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(tasks.send_owed_notices, "delay", fail)
    assert sign_up(visitor).status_code == 202
    assert "The broker can't be reached; the email waits for the next run of the task" in caplog.text
    assert "new@example.org" not in caplog.text
    tasks.send_owed_notices()
    assert len(mail.outbox) == 1


def test_it_offers_no_topic_that_was_withdrawn(visitor: Client, vision: Topic) -> None:
    Topic.objects.filter(pk=vision.pk).update(is_offered=False)
    assert "Vision" not in page(visitor.get("/subscribe/"))
    assert sign_up(visitor).status_code == 400


def test_it_sets_no_cookie_anywhere(visitor: Client, alice: Subscriber) -> None:
    public = ["/", "/subscribe/", "/unsubscribe/forged/", "/nowhere/"]
    personal = [path_of(purpose, alice) for purpose in PERSONAL_PAGES]
    answers = [visitor.get(path) for path in public + personal]
    answers += [visitor.post(path, {"weeks": "1"}) for path in personal]
    answers += [visitor.post(path_of(Purpose.PREFERENCES, alice) + step) for step in ("pause/", "resume/")]
    answers += [visitor.post("/subscribe/", FORM), visitor.post("/subscribe/", {})]
    assert [answer.cookies for answer in answers if answer.cookies] == []
    assert not visitor.cookies


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_it_refuses_other_methods(visitor: Client, alice: Subscriber, method: str) -> None:
    before = stored(alice)
    preferences = path_of(Purpose.PREFERENCES, alice)
    paths = ["/subscribe/", preferences + "pause/", preferences + "resume/"]
    paths += [path_of(purpose, alice) for purpose in PERSONAL_PAGES]
    for path in paths:
        response = visitor.generic(method, path)
        assert (response.status_code, "POST" in response["Allow"]) == (405, True), path
    assert stored(alice) == before


def test_it_helps_with_a_typo_and_stops_no_one(visitor: Client) -> None:
    answer = sign_up(visitor, email="ada@gmial.com", words="quantum <foam>", topics=["vision", "learning"])
    assert "Did you mean <strong><bdi>ada@gmail.com</bdi></strong>?" in page(answer)
    assert 'value="ada@gmail.com"' in page(answer)
    kept = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.content.decode())
    assert ("words", "quantum &lt;foam&gt;") in kept
    assert [value for name, value in kept if name == "topics"] == ["vision", "learning"]
    assert Subscriber.objects.get().email == "ada@gmial.com"  # it may be theirs
    assert "Did you mean" not in page(sign_up(visitor, email="eve@gmail.com"))


def test_it_puts_no_address_into_an_address(visitor: Client) -> None:
    answer = sign_up(visitor)
    assert "Location" not in answer
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("backend", "is_said"), [("subscriptions.outbox", True), ("django.core.mail.backends.smtp", False)]
)
def test_it_leads_to_the_outbox_only_where_mails_go_there(
    visitor: Client, settings: Any, backend: str, is_said: bool
) -> None:
    settings.DEBUG, settings.EMAIL_BACKEND = True, f"{backend}.EmailBackend"
    page = sign_up(visitor).content.decode()
    assert ("emails are not sent" in page) is is_said


@pytest.mark.parametrize("path", ["/subscribe/", "/subscribe/preview/"])
def test_it_says_each_error_of_own_words_on_a_line_of_its_own(client: Client, path: str) -> None:
    form = {"email": "ada@example.org", "words": "votes:abc, -", "go": "1"}
    page = client.post(path, form, headers={"HX-Request": "true"}).content.decode()
    assert re.search(r"“votes:abc” is not a number of votes[^<]+<br>“-” contains no word", page)
    assert '<a href="#words">Your own words</a>' in page
    assert '<span class="unbroken">-surveys</span>' in page
