"""Hosts that want to be asked slowly."""

import datetime as dt

import pytest

from digest.ingest import host_throttle
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


def test_it_lets_the_first_go_and_books_the_others_one_after_the_other() -> None:
    naps: list[float] = []
    for _ in range(3):
        host_throttle.wait_for_turn("arxiv", 3, sleep=naps.append)
    host_throttle.wait_for_turn("other", 3, sleep=naps.append)
    assert naps == [0, 3, 6, 0]


def test_it_waits_for_nothing_when_the_last_turn_is_long_past(time_machine: object) -> None:
    naps: list[float] = []
    host_throttle.wait_for_turn("arxiv", 3, sleep=naps.append)
    time_machine.move_to(NOW + dt.timedelta(seconds=4), tick=False)  # type: ignore[attr-defined]
    host_throttle.wait_for_turn("arxiv", 3, sleep=naps.append)
    assert naps == [0, 0]
