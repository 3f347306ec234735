"""Fixtures of delivery: a queued edition, the clock, and the folder of the journals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from digest.delivery import planner
from digest.models import Delivery, Edition
from subscriptions.models import Subscriber
from tests.conftest import NOW, make_reader


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def journals(settings: Any, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path / "journals"


@pytest.fixture
def by_locmem(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def queued(edition: Edition, alice: Subscriber, clock: time_machine.Traveller) -> Delivery:
    """Alice's queued digest of today's edition."""
    planner.plan_everyone(edition, now=NOW)
    return Delivery.objects.get()


def queue_readers(edition: Edition, count: int) -> None:
    for number in range(count):
        make_reader(f"reader{number}@example.org")
    planner.plan_everyone(edition, now=timezone.now())
