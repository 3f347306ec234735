"""The current time if the machine's own clock is wrong."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from digest import clock

pytestmark = [pytest.mark.services, pytest.mark.django_db]
read_clock = clock.now  # other tests replace it


@pytest.mark.parametrize("days", [1, -1])
def test_it_uses_the_databases_clock(days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_anchor", None)
    before = timezone.now()
    with time_machine.travel(before + dt.timedelta(days=days)):
        assert abs(timezone.now() - before) > dt.timedelta(hours=23)
        assert abs(read_clock() - before) < dt.timedelta(minutes=1)
        assert abs(read_clock() - before) < dt.timedelta(minutes=1)  # without another query
