"""Hundreds of hostile requests to every URL, the same in each run.

HOSTILE_POSTS=10000 pytest tests/subscriptions/views/test_hostile_posts.py sends ten thousand; HOSTILE_SEED=… others.
"""

import datetime as dt
import os
import random
import re
from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.core import mail
from django.test import Client

from subscriptions.models import Farewell, FormPost, Mark, Subscriber
from subscriptions.notices import queue
from subscriptions.readers import lifecycle
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW, make_reader, stamped
from tests.subscriptions.conftest import stored

pytestmark = pytest.mark.usefixtures("now", "learning", "vision")

POSTS = int(os.environ.get("HOSTILE_POSTS", "400"))
SEED = os.environ.get("HOSTILE_SEED", "steady")
MARK = "PWNED"
MEGABYTE = "x" * 1_000_000
VALUES = [
    f"<script>alert('{MARK}')</script>",
    f"\"><img src=x onerror=alert('{MARK}')>",
    f"javascript:alert('{MARK}')",
    f"{{{{ 7919*7907 }}}}{{% raw %}}{MARK}",
    f"a@example.org\r\nBcc: {MARK}@example.net",
    f"a@example.org\n\n{MARK}",
    f"a@example.org%0d%0aBcc:{MARK}@example.net",
    f"=?utf-8?q?{MARK}?=@example.org",
    "a@example.org,b@example.org",
    "\u0430lice@example.org",  # a Cyrillic a
    "ali\u0441e@example.org",
    "alice@\u0435xample.org",
    "alice@example.org\u202e\u2066",
    "\uff41lice@example.org",
    "al\u0131ce@example.org",
    "'; DROP TABLE subscriptions_subscriber; --",
    "../../../../etc/passwd",
    "%00",
    "\x00",
    "a\x00b",
    "\ud7ff\ufffe\U0010ffff",
    "🦠" * 500,
    "𝖆" * 3000,
    "a" * 5000,
    "9" * 5000,
    "-1",
    "1e400",
    "NaN",
    "null",
    "[]",
    '"' * 2001,
    "(" * 2000,
    "-" * 2000,
    "author:" * 200,
    ",".join("x" * 1000),
    " " * 2000,
    "",
]
FIELDS = (
    "email", "topics", "words", "frequency", "send_hour", "time_zone", "max_papers", "amount", "language", "find",
    "show", "go", "mail_quiet_days", "website", "stamp", "consent", "weeks", "until", "present", "offer", "reason",
    "remark", "filter", "paper", "opinion", "List-Unsubscribe", "csrfmiddlewaretoken", "uid", "status",
)  # fmt: skip
METHODS = ["POST"] * 12 + ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
ROOMS = (
    "subscribe/", "subscribe/preview/", "preferences/", "confirm/{}/", "preferences/{}/",
    "preferences/{}/pause/", "preferences/{}/resume/", "preferences/{}/move/", "preferences/{}/stay/",
    "preferences/{}/download/", "preferences/{}/erase/", "preferences/{}/sign-out/", "preferences/{}/my-data/",
    "preferences/{}/learnt/", "preferences/{}/reading-list/",
    "change-address/{}/", "unsubscribe/{}/", "unsubscribe/{}/reason/", "come-back/{}/", "digests/{}/papers/1/",
    "preferences/{}/preview/",
)  # fmt: skip
KNOWN = ("alice@example.org", "bob@example.org", "charlie@example.org", "gone@example.org")


class Attacker:
    """A generator of requests by `dice`. `own` are valid tokens of one reader; `stolen` are tokens to damage."""

    def __init__(self, dice: random.Random, own: list[str], stolen: list[str]) -> None:
        self.dice, self.own, self.stolen = dice, own, stolen
        self.visitor = Client(enforce_csrf_checks=True)

    def strike(self) -> Any:
        path = "/" + self.dice.choice(ROOMS).format(quote(self.token(), safe=""))
        method = self.dice.choice(METHODS)
        body, content_type = self.body()
        return self.visitor.generic(
            method, path, body, content_type, headers=self.headers(), REMOTE_ADDR=self.network()
        )

    def token(self) -> str:
        if self.dice.random() < 0.3:
            return self.dice.choice(self.own)
        token = self.dice.choice(self.stolen)
        at = self.dice.randrange(len(token))
        bent = [
            token[:at] + self.dice.choice("abXY01-_") + token[at + 1 :],
            token[:at],
            token[at:] + token[:at],
            token.swapcase(),
            token + "=",
            token[::-1],
            self.dice.choice(VALUES)[:300] or "x",
        ]
        forged = self.dice.choice(bent)
        return "x" if forged == token else forged

    def body(self) -> tuple[bytes, str]:
        """Return a form in one of its encodings, or a body that only claims one."""
        form = self.form()
        kind = self.dice.randrange(10)
        if kind < 6:
            pairs = [f"{quote(name)}={quote(value)}" for name, value in form]
            return "&".join(pairs).encode(), "application/x-www-form-urlencoded"
        if kind < 8:
            parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in form]
            return ("".join(parts) + "--b--\r\n").encode(), "multipart/form-data; boundary=b"
        broken = (b"\xff\xfe%zz=\x00&&&=", b'{"email": ["a"]}', b"--b\r\n", b"a=1&" * 3000, b"")
        types = ("application/x-www-form-urlencoded", "application/json", "multipart/form-data", "text/xml", "x/\x00")
        return self.dice.choice(broken), self.dice.choice(types)

    def form(self) -> list[tuple[str, str]]:
        """Return a form like ours with some damaged fields, sometimes one of a megabyte."""
        form = {"email": self.address(), "stamp": stamped(), "reason": "other", "weeks": "2"}
        form |= {name: self.dice.choice(VALUES) for name in self.dice.sample(FIELDS, self.dice.randrange(4))}
        if self.dice.random() < 0.02:
            form[self.dice.choice(FIELDS)] = MEGABYTE
        return list(form.items()) + [("topics", self.dice.choice(VALUES))] * self.dice.choice([0, 0, 0, 1, 50])

    def address(self) -> str:
        stranger = (
            f"victim{self.dice.randrange(30)}@{self.dice.choice(['example.org', 'example.com', 'bücher.example'])}"
        )
        return self.dice.choice([*KNOWN, stranger, stranger, self.dice.choice(VALUES)])

    def headers(self) -> dict[str, str]:
        bent = {
            "Origin": ["null", "https://evil.example", "http://[", "http://testserver", ""],
            "Referer": ["http://[bad", f"http://testserver/<script>{MARK}", "http://testserver/%00", "x" * 9000],
            "Sec-Fetch-Site": ["cross-site", "same-origin", "\x00"],
            "User-Agent": [f"<script>{MARK}</script>", "x" * 9000, "\x00", "ÿ"],
            "X-Forwarded-For": ["1.2.3.4", "1.2.3.4, \x00", "::1%<script>", "x" * 9000],
            "HX-Request": ["true"],
            "HX-Current-URL": ["http://[", f"javascript:{MARK}"],
            "Accept-Language": ["de", "xx;q=\x00", "*" * 500],
            "X-HTTP-Method-Override": ["DELETE"],
        }
        chosen = self.dice.sample(sorted(bent), self.dice.randrange(4))
        return {name: self.dice.choice(bent[name]) for name in chosen}

    def network(self) -> str:
        return f"203.0.113.{self.dice.randrange(1, 60)}"


@pytest.fixture
def attacker(alice: Subscriber, bob: Subscriber, charlie: Subscriber, settings: Any) -> Attacker:
    settings.LIMIT_PER_NETWORK = [(5, dt.timedelta(minutes=10)), (20, dt.timedelta(days=1))]
    lifecycle.suppress("gone@example.org", "complained")
    mallory = make_reader("mallory@example.net")
    own = [link_tokens.make_token(purpose, mallory) for purpose in Purpose]
    stolen = [link_tokens.make_token(purpose, reader) for purpose in Purpose for reader in (alice, bob, charlie)]
    return Attacker(random.Random(SEED), own, stolen)


def check_answer(response: Any) -> None:
    assert response.status_code in (200, 202, 302, 400, 403, 404, 405, 409, 410, 413, 429)
    assert not response.cookies
    text = response.content.decode()
    assert not re.search(rf"<script>[^<]*{MARK}|<img src=x", text)
    assert str(7919 * 7907) not in text, "a template was run"


def check_mail(since: dt.datetime, until: dt.datetime) -> None:
    """No one got more emails than allowed, and none contains a word or header from a form."""
    days = (until - since) / dt.timedelta(days=1)
    for address, number in Counter(message.to[0] for message in mail.outbox).items():
        kinds = (
            2 if "mallory" not in address else 10
        )  # a confirmation, perhaps a lost link, and the emails of mallory's own actions
        assert number <= kinds * (1 + int(days)) + 1, address
        assert address not in ("gone@example.org",)
        assert re.fullmatch(r"[a-z0-9.]+@[a-z0-9.-]+", address)
    for message in mail.outbox:
        built = message.message()
        assert len(message.recipients()) == 1
        assert not {"bcc", "cc"} & {name.lower() for name in built}
        assert MARK not in built.as_string()


def test_it_survives_any_post(attacker: Attacker, alice: Subscriber, bob: Subscriber) -> None:
    before = stored(alice)
    statuses: Counter[int] = Counter()
    for number in range(POSTS):
        moment = NOW + dt.timedelta(seconds=5 * number)
        with time_machine.travel(moment, tick=False):
            response = attacker.strike()
            statuses[response.status_code] += 1
            check_answer(response)
            if number % 25 == 0:
                queue.send_pending(now=moment)
    check_mail(NOW, moment)
    assert len(mail.outbox) > 1, "some of it does get through: the test strikes where it should"
    assert min(statuses[status] for status in (200, 202, 302, 400, 404, 405)) > 0

    # Damaged tokens gave no access to other readers.
    after = stored(alice)
    assert {name for name in after if after[name] != before[name]} <= {"owed", "requested_preferences"}
    assert stored(bob)["status"] == "pending"
    # Nothing fills the disk.
    assert FormPost.objects.count() <= 60 * 20 * (1 + POSTS // 17_000)
    assert Farewell.objects.count() <= 1 + POSTS // 17_000
    assert Mark.objects.count() < 10 * POSTS


@pytest.mark.parametrize("path", ["/subscribe/", "/preferences/"])
def test_it_reveals_no_reader_for_any_post(attacker: Attacker, path: str) -> None:
    """Each form is sent for an unknown address, and then for readers in all states."""
    for number in range(max(20, POSTS // 20)):
        moment = NOW + dt.timedelta(minutes=5 * number)
        with time_machine.travel(moment, tick=False):
            form = dict(attacker.form()) | {"stamp": stamped()}
            headers, answers = attacker.headers(), set()
            for email in ("nobody@example.org", *KNOWN):
                response = attacker.visitor.post(path, form | {"email": email}, headers=headers)
                text = re.sub('name="sent" value="[^"]*"', "", response.content.decode()).replace(email, "")
                answers.add((response.status_code, tuple(sorted(response.headers.items())), text))
        assert len({answer[0] for answer in answers}) == 1
        assert len({re.sub(r"\d+", "", str(answer)) for answer in answers}) == 1
