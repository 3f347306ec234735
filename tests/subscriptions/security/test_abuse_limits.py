"""The limits against abuse, and the turns of networks in the queue of form posts."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client

from subscriptions import tasks
from subscriptions.models import Brand, FormPost, Mark, Subscriber
from subscriptions.notices import queue
from subscriptions.readers import lifecycle, signup_queue
from subscriptions.readers.consents import Trace
from subscriptions.readers.preferences import Preferences
from subscriptions.security import abuse_limits, client_ip
from subscriptions.security.abuse_limits import Limit
from tests.conftest import NOW, stamped

pytestmark = [pytest.mark.usefixtures("now"), pytest.mark.django_db, pytest.mark.both_databases]
MINUTE = dt.timedelta(minutes=1)
POST: dict[str, Any] = {"sign_up": {"wishes": Preferences().as_json(), "trace": {}}, "link": {}, "sign_in": {}}
TWICE_IN_TEN_MINUTES = Limit("test", "x", [(2, 10 * MINUTE)])


@pytest.fixture(autouse=True)
def few(settings: Any) -> None:
    settings.LIMIT_PER_NETWORK = [(5, 10 * MINUTE), (20, dt.timedelta(days=1))]
    settings.OPERATORS = ["ops@example.org"]


def sign_up(visitor: Client, email: str, **meta: Any) -> Any:
    return visitor.post("/subscribe/", {"email": email, "stamp": stamped()}, **meta)


def mailed() -> list[str]:
    """Return the addresses that got a confirmation."""
    return [message.to[0] for message in mail.outbox if message.to != ["ops@example.org"]]


def test_it_takes_as_many_as_the_limit_in_any_span() -> None:
    refusals = [abuse_limits.refused_by(TWICE_IN_TEN_MINUTES, now=NOW) for _ in range(3)]
    assert refusals == [None, None, TWICE_IN_TEN_MINUTES]
    later = NOW + 10 * MINUTE
    assert abuse_limits.refused_by(TWICE_IN_TEN_MINUTES, now=later - MINUTE) == TWICE_IN_TEN_MINUTES
    assert abuse_limits.refused_by(TWICE_IN_TEN_MINUTES, now=later) is None


def test_it_counts_nothing_that_was_refused() -> None:
    for _ in range(10):
        abuse_limits.refused_by(TWICE_IN_TEN_MINUTES, now=NOW)
    assert Mark.objects.count() == 2


def test_it_takes_all_of_several_limits_or_none() -> None:
    other = Limit("test", "y", [(5, MINUTE)])
    abuse_limits.refused_by(TWICE_IN_TEN_MINUTES, TWICE_IN_TEN_MINUTES, now=NOW)
    assert abuse_limits.refused_by(other, TWICE_IN_TEN_MINUTES, now=NOW) == TWICE_IN_TEN_MINUTES
    assert Mark.objects.filter(key=other.key).count() == 0


def test_it_distinguishes_values_and_scopes_and_names_neither() -> None:
    keys = {Limit(scope, value, ()).key for scope in "ab" for value in "ab"}
    assert len(keys) == 4
    abuse_limits.refused_by(abuse_limits.email_limit("confirm", "ada@example.org"), now=NOW)
    assert "ada" not in Mark.objects.get().key


def test_it_forgets_marks_that_count_no_more() -> None:
    abuse_limits.refused_by(TWICE_IN_TEN_MINUTES, now=NOW - dt.timedelta(days=31))
    abuse_limits.refused_by(TWICE_IN_TEN_MINUTES, now=NOW - dt.timedelta(days=29))
    tasks.forget_what_is_old()
    assert Mark.objects.count() == 1


def test_it_takes_five_posts_of_a_network_in_ten_minutes_and_twenty_in_a_day(visitor: Client) -> None:
    promised = []
    for number in range(100):
        with time_machine.travel(NOW + number * 2 * MINUTE, tick=False):
            email = f"reader{number}@example.org"
            if sign_up(visitor, email).status_code == 202:
                promised.append(email)
            queue.send_pending(now=NOW + number * 2 * MINUTE)
    assert len(mailed()) == 20
    assert mailed() == promised, "who is promised a mail gets one"
    with time_machine.travel(NOW + dt.timedelta(days=2), tick=False):
        sign_up(visitor, "later@example.org")
    assert FormPost.objects.count() == 1


@pytest.mark.parametrize("path", ["/subscribe/", "/preferences/"])
def test_it_says_when_to_send_again_what_is_too_much_for_a_network(visitor: Client, path: str) -> None:
    for number in range(5):
        sign_up(visitor, f"reader{number}@example.org")
    with time_machine.travel(NOW + 3.5 * MINUTE, tick=False):
        form = {"email": "ada@example.org", "words": "quantum foam", "stamp": stamped()}
        response = visitor.post(path, form)
    shown = response.content.decode()
    assert (response.status_code, response["Retry-After"]) == (429, str(390))
    assert "Nothing was sent yet." in shown
    assert "press the button again in 7 minutes" in shown
    assert 'value="ada@example.org"' in shown
    assert ("quantum foam" in shown) == (path == "/subscribe/")
    with time_machine.travel(NOW + 10 * MINUTE, tick=False):
        assert visitor.post(path, form | {"stamp": stamped()}).status_code == 202


def test_it_names_hours_where_the_days_limit_is_reached(visitor: Client, settings: Any) -> None:
    settings.LIMIT_PER_NETWORK = [(1, dt.timedelta(days=1))]
    sign_up(visitor, "first@example.org")
    with time_machine.travel(NOW + 5.5 * dt.timedelta(hours=1), tick=False):
        assert "Please send it again in 19 hours." in sign_up(visitor, "second@example.org").content.decode()


def test_it_turns_readers_and_strangers_away_alike(visitor: Client, alice: Subscriber, bob: Subscriber) -> None:
    lifecycle.suppress("gone@example.org", "complained")
    for number in range(5):
        sign_up(visitor, f"reader{number}@example.org")
    answers = set()
    for email in ("nobody@example.org", "gone@example.org", alice.email, bob.email):
        response = sign_up(visitor, email)
        answers.add((response.status_code, response["Retry-After"], response.content.decode().replace(email, "")))
    assert len(answers) == 1


def test_it_counts_for_the_operators_how_many_were_turned_away(visitor: Client, caplog: Any) -> None:
    for number in range(8):
        sign_up(visitor, f"reader{number}@example.org")
    assert abuse_limits.count(abuse_limits.turned_away_counter(), since=NOW - MINUTE) == 3
    assert "A network has reached LIMIT_PER_NETWORK" in caplog.text
    assert "127.0.0.1" not in caplog.text


def test_it_fills_no_table_by_turning_a_flood_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        abuse_limits, "turned_away_counter", lambda: Limit("turned away", "", [(3, dt.timedelta(days=1))])
    )
    for _ in range(50):
        signup_queue.request_link("ada@example.org", network="192.0.2.1", now=NOW)
    assert FormPost.objects.count() == 5
    assert Mark.objects.count() == 8


def test_it_counts_an_ipv6_customer_as_one_network(visitor: Client) -> None:
    for number in range(10):
        sign_up(visitor, f"reader{number}@example.org", REMOTE_ADDR=f"2001:db8:0:1::{number + 1:x}")
    assert FormPost.objects.count() == 5
    sign_up(visitor, "neighbour@example.org", REMOTE_ADDR="2001:db8:0:2::1")
    assert FormPost.objects.count() == 6


@pytest.mark.parametrize(
    ("trusted", "header", "remote", "network"),
    [
        (0, "203.0.113.9", "198.51.100.1", "198.51.100.1"),  # anyone can send the header
        (1, "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (1, "1.2.3.4, 203.0.113.9", "198.51.100.1", "203.0.113.9"),  # the visitor's own entry is on the left
        (2, "1.2.3.4, 203.0.113.9, 198.51.100.2", "198.51.100.1", "203.0.113.9"),
        (2, "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (1, "", "198.51.100.1", "198.51.100.1"),
        (1, "2001:db8::5", "198.51.100.1", "2001:db8::/64"),
        (1, "[2001:db8::5]:4711", "198.51.100.1", "2001:db8::/64"),
        (1, "203.0.113.9:4711", "198.51.100.1", "203.0.113.9"),
        (1, "::ffff:203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (1, "fe80::1%eth0", "198.51.100.1", "fe80::/64"),
        (1, "unknown", "198.51.100.1", ""),
        (0, "", "", ""),
    ],
)
def test_it_knows_the_visitors_network_behind_proxies(
    settings: Any, rf: Any, trusted: int, header: str, remote: str, network: str
) -> None:
    settings.TRUSTED_PROXIES = trusted
    meta = {"HTTP_X_FORWARDED_FOR": header} if header else {}
    request = rf.get("/", REMOTE_ADDR=remote, **meta)
    assert client_ip.network_of(client_ip.client_address(request)) == network


def test_it_refuses_no_visitor_from_an_unknown_network(visitor: Client) -> None:
    """Behind a Unix socket without addresses, all visitors would share one limit."""
    for number in range(8):
        sign_up(visitor, f"reader{number}@example.org", REMOTE_ADDR="")
    assert FormPost.objects.count() == 8


def test_it_mails_an_address_six_times_in_a_month_at_most() -> None:
    for day in range(50):
        moment = NOW + dt.timedelta(days=day, hours=day)
        signup_queue.request_signup("ada@example.org", Preferences(), Trace(), now=moment)
        queue.send_pending(now=moment)
    assert len(mail.outbox) == 12


def test_it_lets_sign_ups_above_a_domains_limit_wait_and_others_pass(settings: Any) -> None:
    settings.LIMIT_PER_DOMAIN = [(2, dt.timedelta(hours=1))]
    for number in range(4):
        email = f"reader{number}@full.example"
        signup_queue.request_signup(email, Preferences(), Trace(), now=NOW)
    signup_queue.request_signup("ada@example.org", Preferences(), Trace(), now=NOW)
    queue.send_pending(now=NOW)
    assert sorted(mailed()) == ["ada@example.org", "reader0@full.example", "reader1@full.example"]
    queue.send_pending(now=NOW + dt.timedelta(hours=1))
    assert len(mailed()) == 5
    assert not FormPost.objects.exists()


def test_it_uses_up_no_domain_by_one_address(settings: Any, alice: Subscriber) -> None:
    settings.LIMIT_PER_DOMAIN = [(10, dt.timedelta(hours=1))]
    lifecycle.suppress("gone@example.org", "bounced")
    for email in ("ada@example.org", alice.email, "gone@example.org") * 10:
        signup_queue.request_signup(email, Preferences(), Trace(), now=NOW)
        signup_queue.request_link("nobody@example.org", now=NOW)
    signup_queue.request_signup("late@example.org", Preferences(), Trace(), now=NOW)
    queue.send_pending(now=NOW)
    assert sorted(mailed()) == ["ada@example.org", alice.email, "late@example.org"]


def test_it_mails_lost_links_while_sign_ups_wait(settings: Any, alice: Subscriber) -> None:
    settings.LIMIT_PER_DOMAIN = settings.LIMIT_IN_ALL = [(2, dt.timedelta(hours=1))]
    for number in range(9):
        signup_queue.request_signup(f"reader{number}@example.org", Preferences(), Trace(), now=NOW)
    signup_queue.request_link(alice.email, now=NOW)
    queue.send_pending(now=NOW)
    assert sorted(mailed()) == [alice.email, "reader0@example.org", "reader1@example.org"]


def test_it_alerts_the_operators_once_when_the_limit_in_all_is_reached(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.LIMIT_IN_ALL = [(3, dt.timedelta(hours=1))]
    for number in range(9):
        email = f"reader{number}@{number}.example"
        signup_queue.request_signup(email, Preferences(), Trace(), now=NOW)
    for minute in range(5):
        queue.send_pending(now=NOW + minute * MINUTE)
    assert len(mailed()) == 3
    (alarm,) = [message for message in mail.outbox if message.to == ["ops@example.org"]]
    assert "6 wait for their turn" in str(alarm.body)
    assert "The limit on sign-ups in total is reached; 6 are waiting" in caplog.text
    assert "reader" not in " ".join(caplog.messages)
    queue.send_pending(now=NOW + dt.timedelta(hours=1))
    assert len(mailed()) == 6


def test_the_operators_hear_of_a_flood_from_the_newsletters_own_sender(settings: Any) -> None:
    Brand.objects.create(name="Brand", sender="papers@brand.example")
    settings.LIMIT_IN_ALL = [(0, dt.timedelta(hours=1))]
    signup_queue.request_signup("a@example.org", Preferences(), Trace(), now=NOW)
    signup_queue.process_pending(now=NOW)
    (alarm,) = mail.outbox
    assert (alarm.from_email, alarm.subject) == ("Brand <papers@brand.example>", "Brand: many sign-ups in total")


def test_the_operators_are_alerted_to_a_flood_as_soon_as_emails_can_be_sent(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> int:
        raise ConnectionRefusedError

    settings.LIMIT_IN_ALL = [(0, dt.timedelta(hours=1))]
    signup_queue.request_signup("a@example.org", Preferences(), Trace(), now=NOW)
    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", fail)
        signup_queue.process_pending(now=NOW)
    for minute in (1, 2):
        signup_queue.process_pending(now=NOW + minute * MINUTE)
    assert [message.to for message in mail.outbox] == [["ops@example.org"]]


def test_it_drops_posts_that_waited_for_a_week_and_says_so(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.LIMIT_IN_ALL = [(0, dt.timedelta(hours=1))]
    for email in ("a@example.org", "b@example.org"):
        signup_queue.request_signup(email, Preferences(), Trace(), now=NOW)
    signup_queue.process_pending(now=NOW + dt.timedelta(days=6, hours=23))
    assert FormPost.objects.count() == 2
    mail.outbox.clear()
    signup_queue.process_pending(now=NOW + dt.timedelta(days=7, minutes=1))
    assert not FormPost.objects.exists()
    assert "2 sign-ups waited for a week and were dropped" in caplog.text
    (message,) = mail.outbox
    assert message.subject == "Daily Papers: 2 sign-ups were dropped"
    assert "They waited for a week" in str(message.body)


def test_it_goes_on_after_a_post_that_can_not_be_served(caplog: pytest.LogCaptureFixture) -> None:
    wishes = {"topics": [], "send_hour": 99}
    FormPost.objects.create(kind="sign_up", email="bad@example.org", wishes=wishes, posted_at=NOW)
    signup_queue.request_signup("ada@example.org", Preferences(), Trace(), now=NOW)
    assert signup_queue.process_pending(now=NOW) == 1
    assert list(Subscriber.objects.values_list("email", flat=True)) == ["ada@example.org"]
    assert not FormPost.objects.exists()
    assert "is invalid and was deleted" in caplog.text


def test_it_tries_again_what_failed_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError("disk full")

    signup_queue.request_link("ada@example.org", now=NOW)
    with monkeypatch.context() as broken:
        broken.setattr("subscriptions.readers.lifecycle.queue_link", fail)
        assert signup_queue.process_pending(now=NOW) == 0
    assert signup_queue.process_pending(now=NOW) == 1


def test_it_leaves_what_it_has_no_time_for_to_the_next_tick() -> None:
    signup_queue.request_link("ada@example.org", now=NOW)
    assert signup_queue.process_pending(now=NOW, seconds=-1) == 0
    assert signup_queue.process_pending(now=NOW) == 1


def test_it_takes_over_from_a_worker_that_died() -> None:
    signup_queue.request_signup("ada@example.org", Preferences(), Trace(), now=NOW)
    FormPost.objects.update(claimed_at=NOW)
    assert signup_queue.process_pending(now=NOW + 4 * MINUTE) == 0
    assert signup_queue.process_pending(now=NOW + 6 * MINUTE) == 1


def test_it_delays_no_sign_up_behind_a_flood_at_the_same_domain(settings: Any) -> None:
    """A small model of a flood, hour by hour: it exceeds the domain's limit and never stops."""
    settings.LIMIT_PER_NETWORK = [(25, dt.timedelta(days=1))]
    settings.LIMIT_PER_DOMAIN = [(3, dt.timedelta(hours=1))]
    flood, honest = range(2), dict[str, int]()
    for hour in range(26):
        moment = NOW + dt.timedelta(hours=hour)
        if hour % 24 == 0:
            for number in range(25):
                for network in flood:
                    email = f"robot{hour}-{number}-{network}@gmail.com"
                    signup_queue.request_signup(email, Preferences(), Trace(), network=f"192.0.2.{network}", now=moment)
        email = f"reader{hour}@gmail.com"
        signup_queue.request_signup(email, Preferences(), Trace(), network=f"198.51.100.{hour}", now=moment)
        signup_queue.process_pending(now=moment)
        served = Subscriber.objects.filter(email__startswith="reader").values_list("email", flat=True)
        honest |= {email: hour for email in served if email not in honest}
    assert honest == {f"reader{hour}@gmail.com": hour for hour in range(26)}
    assert Subscriber.objects.count() == 26 * 3, "no room is left unused"


def test_it_loses_no_one_on_a_day_in_the_news(settings: Any) -> None:
    settings.LIMIT_PER_DOMAIN = [(1, dt.timedelta(hours=1))]
    for number in range(26):
        email = f"reader{number}@gmail.com"
        signup_queue.request_signup(email, Preferences(), Trace(), network=f"192.0.2.{number}", now=NOW)
    for hour in range(26):  # longer than a day
        signup_queue.process_pending(now=NOW + dt.timedelta(hours=hour))
    assert Subscriber.objects.count() == 26


def test_it_lets_networks_take_turns_however_many_posts_wait(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LIMIT_PER_NETWORK = [(40, dt.timedelta(days=1))]
    monkeypatch.setattr(signup_queue, "BATCH", 2)
    for number in range(10):
        signup_queue.request_link(f"robot{number}@example.org", network="192.0.2.1", now=NOW)
    signup_queue.request_link("ada@example.net", network="192.0.2.2", now=NOW)
    signup_queue.process_pending(now=NOW)
    assert not FormPost.objects.filter(email="ada@example.net").exists()


@pytest.mark.parametrize(
    "spelling", ["ada+{}@example.org", "{}@gmail.com", "ada@{}.example.org", "Ada+{}@mail{}.example.co.uk"]
)
def test_it_mails_a_mailbox_no_more_often_under_other_spellings(spelling: str) -> None:
    dots = ["ada", "a.da", "ad.a", "a.d.a", "ada+x", "ADA"]
    for number in range(24):
        part = dots[number % 6] if "gmail" in spelling else f"x{number}"
        email = spelling.format(part, number).replace("gmail", "googlemail" if number % 2 else "gmail")
        signup_queue.request_signup(email, Preferences(), Trace(), now=NOW)
    queue.send_pending(now=NOW)
    assert len(mailed()) == (5 if "@{}" in spelling or "@mail" in spelling else 3)


def test_it_writes_no_address_to_the_operators_where_a_name_is_asked_for_too_often(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for number in range(9):
        signup_queue.request_signup(f"ada@{number}.example.org", Preferences(), Trace(), now=NOW)
    signup_queue.process_pending(now=NOW)
    assert FormPost.objects.count() == 4
    assert (mail.outbox, "ada" in caplog.text) == ([], False)


def test_it_counts_all_subdomains_of_an_organization_as_one_domain(settings: Any) -> None:
    settings.LIMIT_PER_DOMAIN = [(3, dt.timedelta(hours=1))]
    for number in range(9):
        signup_queue.request_signup(f"reader{number}@{number}.example.co.uk", Preferences(), Trace(), now=NOW)
    signup_queue.process_pending(now=NOW)
    assert Subscriber.objects.count() == 3


def test_it_counts_an_ipv6_site_as_five_networks_at_most(visitor: Client) -> None:
    for number in range(40):
        sign_up(visitor, f"reader{number}@example.org", REMOTE_ADDR=f"2001:db8:0:{number + 1:x}::1")
    assert FormPost.objects.count() == 25
    sign_up(visitor, "neighbour@example.org", REMOTE_ADDR="2001:db8:1::1")
    assert FormPost.objects.count() == 26


@pytest.mark.parametrize("kind", FormPost.Kind)
@pytest.mark.parametrize("known", ["nobody", "active", "pending", "unsubscribed", "suppressed"])
def test_it_leaves_the_same_limit_for_readers_and_strangers(
    settings: Any, alice: Subscriber, bob: Subscriber, charlie: Subscriber, kind: str, known: str
) -> None:
    """Otherwise a wait of the next post to the domain would reveal who is a reader."""
    settings.LIMIT_PER_DOMAIN = [(3, dt.timedelta(hours=1))]
    lifecycle.suppress("gone@example.org", "complained")
    readers = {
        "active": alice.email,
        "pending": bob.email,
        "unsubscribed": charlie.email,
        "suppressed": "gone@example.org",
    }
    FormPost.objects.create(kind=kind, email=readers.get(known, "nobody@example.org"), posted_at=NOW, **POST[kind])
    for number in range(3):
        FormPost.objects.create(kind=kind, email=f"mallory{number}@example.org", posted_at=NOW, **POST[kind])
    signup_queue.process_pending(now=NOW)
    assert list(FormPost.objects.values_list("email", flat=True)) == ["mallory2@example.org"]
