"""Fixtures of delivery: a queued edition, the clock, and the folder of the journals."""

from collections.abc import Iterable, Iterator
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


def copies_of(reader: Subscriber, numbers: Iterable[int]) -> Iterator[Subscriber]:
    own = ("id", "uid", "email")
    fields = [field.attname for field in Subscriber._meta.concrete_fields if field.name not in own]
    values = {name: getattr(reader, name) for name in fields}
    return (Subscriber(email=f"reader{number}@example.org", **values) for number in numbers)


def queue_readers(edition: Edition, count: int) -> None:
    """Queue a digest for each of `count` readers. The first has signed up, and the others have the same values."""
    Subscriber.objects.bulk_create(copies_of(make_reader("reader0@example.org"), range(1, count)))
    planner.plan_everyone(edition, now=timezone.now())
