"""Fixtures of tests with a fake source: a frozen clock, and no waiting."""

import datetime as dt
from functools import partial

import pytest

from digest.ingest import source_client
from digest.sources.http import Http


@pytest.fixture
def at_noon(now: dt.datetime, db: None) -> None:
    pass


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the waits between two tries and for a turn."""
    monkeypatch.setattr("digest.ingest.source_client.Http", partial(Http, sleep=lambda seconds: None))
    monkeypatch.setattr(source_client.wait_for_turn, "__kwdefaults__", {"sleep": lambda seconds: None})
