"""The log: secrets that it must not contain, its two formats, and errors that repeat."""

import io
import json
import logging
import logging.config
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils.module_loading import import_string as resolve

from config import logs
from config.celery import app
from config.json_log import JsonFormatter
from config.logs import WithoutSecrets
from subscriptions.models import Subscriber
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose
from tests.fuzz import targets

NGINX = Path(__file__).resolve().parent.parent / "deploy" / "nginx.conf"


def logged(message: str, *args: object) -> str:
    return WithoutSecrets().format(logging.LogRecord("django.request", logging.WARNING, "", 0, message, args, None))


@pytest.mark.parametrize("purpose", Purpose)
def test_it_masks_tokens(alice: Subscriber, purpose: Purpose) -> None:
    token = link_tokens.make_token(purpose, alice)
    url = reverse(link_tokens.VIEWS.get(purpose, f"subscriptions:{purpose}"), args=[token])
    assert token not in logged("%s: %s", "Method Not Allowed (GET)", f"{url}/reason/")


def test_no_address_with_a_token_is_logged_as_it_is_here_or_by_nginx(alice: Subscriber) -> None:
    token, found = link_tokens.make_token(Purpose.PREFERENCES, alice), 0
    [named] = re.findall(r'"~\*(\^.*)" \$page-;', NGINX.read_text())
    by_nginx = re.compile(named.replace("?<page>", "?P<page>"), re.IGNORECASE)
    for route in targets.routes():
        if "token" in route.places:
            found += 1
            path = "/" + route.template % (dict.fromkeys(route.places, "1") | {"token": token})
            assert token not in logged("Not Found: %s", path), route.template
            assert by_nginx.match(path), route.template
    assert found > 20


@pytest.mark.parametrize(
    "prefix",
    ["/preferences//", "/Preferences/", "/de/PREFERENCES/", "//preferences/./", "/feeds//personal/", "/digests\\"],
)
def test_it_masks_tokens_however_the_url_is_spelled(alice: Subscriber, prefix: str) -> None:
    token = link_tokens.make_token(Purpose.PREFERENCES, alice)
    assert logged("Not Found: %s", f"{prefix}{token}/") == f"Not Found: {prefix}…/"


def test_it_masks_tracebacks_too() -> None:
    console: dict[str, Any] = logs.to_console("INFO")
    formatter = console["formatters"][console["handlers"]["console"]["formatter"]]
    made = resolve(formatter["class"])(formatter["format"], style=formatter["style"])
    try:
        raise ValueError("https://user:secret@example.org/feed?apikey=s3cr3t&page=2")
    except ValueError:
        record = logging.LogRecord("digest", logging.ERROR, "", 0, "failed", (), sys.exc_info())
    line = made.format(record)
    assert "ValueError: https://…@example.org/feed?apikey=…&page=2" in line
    assert "ERROR   digest: failed" in line


def test_it_leaves_the_rest_as_it_is() -> None:
    assert logged("Not Found: %s", "/preferences/") == "Not Found: /preferences/"
    assert logged("Not Found: %s", "/papers/arxiv:2608.00001/") == "Not Found: /papers/arxiv:2608.00001/"


def test_it_masks_passwords_in_urls() -> None:
    assert logged("%s: down", "redis://user:p@ss@cache.example.org/0") == "redis://…@cache.example.org/0: down"
    assert logged("https://x.org/a?api_key=abc: 404 Not Found") == "https://x.org/a?api_key=…: 404 Not Found"
    assert logged("https://example.org/@someone: 404") == "https://example.org/@someone: 404"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("550 <ada.l+x@example.org> unknown", "550 <…@example.org> unknown"),
        ("Key (lower(email))=(ada@example.org) already exists", "Key (lower(email))=(…@example.org) already exists"),
        ("/subscribe/?email=ada%40example.org", "/subscribe/?…%40example.org"),
        ("bounces+ada=example.org@lists.example.net", "…@lists.example.net"),
        ("celery@web1.example.org ready.", "celery@web1.example.org ready."),
        ("the paper 2608.00001v2 @ 16:00", "the paper 2608.00001v2 @ 16:00"),
    ],
)
def test_it_masks_addresses_but_not_the_names_of_workers(text: str, masked: str) -> None:
    assert logged("%s", text) == masked


def record(message: str, level: int = logging.ERROR, error: Exception | None = None, **ids: Any) -> logging.LogRecord:
    exc_info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("digest.sending", level, __file__, 1, message, (), exc_info)
    made.__dict__ |= ids
    return made


def as_json(made: logging.LogRecord) -> dict[str, Any]:
    line = JsonFormatter().format(made)
    assert "\n" not in line
    found: dict[str, Any] = json.loads(line)
    return found


def test_json_has_the_time_in_utc_and_the_ids_of_the_record() -> None:
    made = record("Published", logging.INFO, edition=7)
    made.created = 1_788_000_000.25
    found = as_json(made)
    assert found["time"] == "2026-08-29T10:40:00.250Z"
    assert (found["level"], found["logger"], found["message"]) == ("INFO", "digest.sending", "Published")
    assert found["edition"] == 7
    assert found["process"] == made.process


def test_json_masks_every_field_also_tracebacks_and_nested_ones() -> None:
    try:
        raise ValueError("ada@example.org at /preferences/AQIDBAUGBwgJCgsMDQ4PEA-rest/")
    except ValueError as error:
        made = record(
            "see https://user:s3cret@x.example.org/", error=error, to=["ada@example.org"], of={"a": "b@c.org"}
        )
    line = json.dumps(as_json(made))
    for secret in ("ada", "b@c", "s3cret", "AQIDBAUG"):
        assert secret not in line
    assert "ValueError" in as_json(made)["exc_info"]


def test_json_names_the_task_that_runs() -> None:
    @app.task(name="tests.speak")
    def speak() -> dict[str, Any]:
        return as_json(record("hello"))

    found = speak.apply(task_id="17").get()
    assert (found["task"], found["task_id"]) == ("tests.speak", "17")


def test_both_formats_can_be_configured() -> None:
    for style, formatter in (("text", WithoutSecrets), ("json", JsonFormatter)):
        console = logging.config.DictConfigurator(logs.to_console("INFO", style))
        console.config["formatters"][style] = console.configure_formatter(console.config["formatters"][style])
        assert isinstance(console.config["formatters"][style], formatter)


def test_text_needs_no_library_for_json() -> None:
    assert list(logs.to_console("INFO")["formatters"]) == ["text"]


def test_the_options_of_celery_do_not_change_the_log() -> None:
    before = logging.getLogger().level
    receivers = app.log.setup_logging_subsystem(loglevel="CRITICAL", logfile=None) if not app.log.already_setup else [1]
    assert receivers
    assert logging.getLogger().level == before


@pytest.fixture
def console() -> tuple[logs.Console, io.StringIO]:
    handler = logs.Console()
    handler.setFormatter(WithoutSecrets())
    handler.stream = written = io.StringIO()
    return handler, written


def test_errors_that_repeat_within_a_minute_become_one_line_with_a_count(
    console: tuple[logs.Console, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, written = console
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for _ in range(50):
        handler.handle(record("can't connect", error=ConnectionError("refused")))
    assert written.getvalue().count("can't connect") == 1
    now += 61
    handler.handle(record("all is well", logging.INFO))
    assert "can't connect (49 times more within a minute)" in written.getvalue()
    assert written.getvalue().count("ConnectionError: refused") == 1
    handler.handle(record("can't connect", error=ConnectionError("refused")))
    assert written.getvalue().count("ConnectionError: refused") == 2, "a new minute shows it again"


def test_different_errors_and_all_other_lines_are_written_at_once(console: tuple[logs.Console, io.StringIO]) -> None:
    handler, written = console
    for error in (ConnectionError("refused"), ConnectionError("reset"), ValueError("refused")):
        handler.handle(record("failed", error=error))
    handler.handle(record("one"))
    handler.handle(record("two"))
    for _ in range(3):
        handler.handle(record("Sent 500 digests", logging.INFO))
    assert written.getvalue().count("failed\n") == 3
    assert written.getvalue().count("Sent 500") == 3


def test_the_last_count_is_written_at_the_end(console: tuple[logs.Console, io.StringIO]) -> None:
    handler, written = console
    handler.handle(record("failed"))
    handler.handle(record("failed"))
    handler.close()
    assert written.getvalue() == "failed\nfailed (once more within a minute)\n"
