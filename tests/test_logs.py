"""What the logs don't tell."""

import logging

import pytest
from django.urls import reverse

from config.logs import WithoutTokens
from subscriptions import links
from subscriptions.links import Purpose
from subscriptions.models import Subscriber


def told(message: str, *args: object) -> str:
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, message, args, None)
    assert WithoutTokens().filter(record)
    return record.getMessage()


@pytest.mark.parametrize("purpose", Purpose)
def test_it_tells_no_token(alice: Subscriber, purpose: Purpose) -> None:
    token = links.make_token(purpose, alice)
    url = reverse(links.DOORS.get(purpose, f"subscriptions:{purpose}"), args=[token])
    assert token not in told("%s: %s", "Method Not Allowed (GET)", f"{url}/reason/")


def test_it_leaves_the_rest_as_it_is() -> None:
    assert told("Not Found: %s", "/preferences/") == "Not Found: /preferences/"
    assert told("Not Found: %s", "/papers/arxiv:2608.00001/") == "Not Found: /papers/arxiv:2608.00001/"


def test_it_tells_no_password_of_an_address() -> None:
    assert told("%s: down", "redis://user:p@ss@cache.example.org/0") == "redis://…@cache.example.org/0: down"
    assert told("https://example.org/@someone: 404") == "https://example.org/@someone: 404"
