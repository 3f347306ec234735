"""Fixtures of the tests of the API: a token, and a client that sends it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from digest.api import tokens
from digest.models.api_tokens import ApiScope
from tests.conftest import NOW


@pytest.fixture
def program(db: None, now: Any) -> Callable[..., Client]:
    """Return a function that makes a client with a token of these scopes, or of all."""

    def make(*scopes: str) -> Client:
        made = tokens.make(f"program {scopes}"[:60], scopes or ApiScope.values, by="ada", now=NOW)
        return Client(headers={"Authorization": f"Bearer {made.secret}"})

    return make
