"""Secrets that the log must not contain."""

import logging
import sys
from typing import Any

import pytest
from django.urls import reverse
from django.utils.module_loading import import_string as resolve

from config import logs
from config.logs import WithoutSecrets
from subscriptions.models import Subscriber
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose


def logged(message: str, *args: object) -> str:
    return WithoutSecrets().format(logging.LogRecord("django.request", logging.WARNING, "", 0, message, args, None))


@pytest.mark.parametrize("purpose", Purpose)
def test_it_masks_tokens(alice: Subscriber, purpose: Purpose) -> None:
    token = link_tokens.make_token(purpose, alice)
    url = reverse(link_tokens.VIEWS.get(purpose, f"subscriptions:{purpose}"), args=[token])
    assert token not in logged("%s: %s", "Method Not Allowed (GET)", f"{url}/reason/")


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
