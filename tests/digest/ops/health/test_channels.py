"""The channels by which alerts reach the operators."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core import mail

from config import env
from digest.ops.health import channels
from digest.ops.health.channels import Event
from subscriptions.email.builder import Alert
from tests.conftest import NOW
from tests.esp import Answer, Esp
from tests.sink import Sink

ALERT = Alert("beat is silent", "Beat is silent", ("It began at 12:00.",), "Start <beat> & wait.", "/admin/")
BEGUN = [Event("beat", "Beat is silent", "Start it.", NOW, None)]
OVER = [Event("beat", "Beat is silent", "Start it.", NOW, NOW)]


class Hook(BaseHTTPRequestHandler):
    """A webhook that keeps what it gets: the path, the headers and the JSON."""

    got: list[tuple[str, dict[str, str], Any]]
    status: int
    is_endless = has_ended = False

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(self.status)
        self.end_headers()
        if self.is_endless:
            with suppress(OSError):
                for _ in range(2_000):
                    self.wfile.write(b"x")
                    time.sleep(0.01)
                type(self).has_ended = True

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[tuple[type[Hook], int]]:
    handler = type("OwnHook", (Hook,), {"got": [], "status": 200})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield handler, server.server_port
        server.shutdown()


def test_an_answer_that_does_not_end_holds_nothing_up(hook: tuple[type[Hook], int], settings: Any) -> None:
    server, port = hook
    server.is_endless = True
    settings.ALERT_URL = f"json+http://127.0.0.1:{port}/"
    assert channels.post(ALERT, BEGUN)
    assert server.got
    assert not server.has_ended


def test_it_writes_to_ntfy(hook: tuple[type[Hook], int], settings: Any) -> None:
    server, port = hook
    settings.ALERT_URL = f"ntfy+http://ops:secret@127.0.0.1:{port}/papers"
    assert channels.post(ALERT, BEGUN)
    assert channels.post(ALERT, OVER)
    (path, headers, body), (_, _, over) = server.got
    assert (path, headers["Authorization"]) == ("/", "Basic b3BzOnNlY3JldA==")
    assert body["topic"] == "papers"
    assert body["title"].endswith("Beat is silent")
    assert body["click"] == "https://papers.example.org/admin/"
    assert body["priority"] > over["priority"]


def test_it_writes_to_slack(hook: tuple[type[Hook], int], settings: Any) -> None:
    server, port = hook
    settings.ALERT_URL = f"slack+http://127.0.0.1:{port}/services/T0/B0/key"
    assert channels.post(ALERT, BEGUN)
    ((path, _, body),) = server.got
    assert path == "/services/T0/B0/key"
    assert body.keys() == {"text"}
    assert "Start &lt;beat&gt; &amp; wait." in body["text"]


def test_it_writes_json(hook: tuple[type[Hook], int], settings: Any) -> None:
    server, port = hook
    settings.ALERT_URL = f"json+http://127.0.0.1:{port}/hook?key=1"
    assert channels.post(ALERT, BEGUN)
    ((path, _, body),) = server.got
    assert path == "/hook?key=1"
    assert (body["status"], body["heading"]) == ("open", "Beat is silent")
    assert body["incidents"][0]["key"] == "beat"


def test_it_reports_a_webhook_that_refuses(hook: tuple[type[Hook], int], settings: Any) -> None:
    server, port = hook
    server.status = 403
    settings.ALERT_URL = f"json+http://127.0.0.1:{port}/"
    assert not channels.post(ALERT, BEGUN)
    settings.ALERT_URL = "json+http://127.0.0.1:9/"
    assert not channels.post(ALERT, BEGUN)


@pytest.mark.django_db
def test_it_emails_by_the_next_provider_if_one_refuses(settings: Any) -> None:
    settings.OPERATORS = ["ops@example.org"]
    settings.EMAIL_PROVIDERS = ["postmark", "resend"]
    with Esp() as esp:
        settings.ANYMAIL = settings.ANYMAIL | esp.settings()
        esp.answers.append(Answer(401, {"ErrorCode": 10, "Message": "Bad token"}))
        assert channels.email(ALERT)
        assert [taken.to for taken in esp.taken] == ["ops@example.org"]


@pytest.mark.django_db
def test_it_emails_by_the_mail_server_if_the_only_provider_refuses(settings: Any) -> None:
    settings.OPERATORS = ["ops@example.org"]
    settings.EMAIL_PROVIDERS = ["postmark"]
    with Esp() as esp, Sink() as sink:
        settings.ANYMAIL = settings.ANYMAIL | esp.settings()
        settings.HAS_SMTP_SERVER, settings.EMAIL_HOST, settings.EMAIL_PORT = True, "127.0.0.1", sink.port
        esp.answers.append(Answer(401, {"ErrorCode": 10, "Message": "Bad token"}))
        assert channels.email(ALERT)
        assert [received.recipient for received in sink.mails] == ["ops@example.org"]


@pytest.mark.django_db
def test_it_names_the_channels_that_accepted_the_alert(settings: Any) -> None:
    settings.OPERATORS, settings.ALERT_URL = ["ops@example.org"], "json+http://127.0.0.1:9/"
    assert channels.send(ALERT, BEGUN) == ["email"]
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("form", channels.FORMS)
def test_the_setting_takes_each_form_of_message(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setenv("ALERT_URL", f"{form}+https://example.org/hook")
    assert env.alert_address("ALERT_URL") == f"{form}+https://example.org/hook"
