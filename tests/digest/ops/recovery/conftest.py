"""Fixtures of recovery: readers with queued digests, and a database that goes back to an older state."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import transaction

from digest.delivery import high_water
from digest.models import Edition, Installation
from tests.conftest import NOW
from tests.digest.delivery.conftest import queue_readers

GoBack = Callable[[], None]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def by_locmem(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.VAR_DIR = tmp_path


@pytest.fixture
def queued(edition: Edition, clock: Any, by_locmem: None) -> Edition:
    """An edition with four queued digests."""
    Installation.load()
    queue_readers(edition, 4)
    return edition


@pytest.fixture
def backup(queued: Edition) -> GoBack:
    """Remember the database as it is, and return a function that restores it."""
    point = transaction.savepoint()

    def go_back() -> None:
        transaction.savepoint_rollback(point)
        high_water._seen.clear()  # as in a new process

    return go_back
