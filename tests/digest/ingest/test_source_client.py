"""The throttle of hosts that demand a pause between requests."""

import datetime as dt

import pytest

from digest.ingest import source_client
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


def test_it_lets_the_first_go_and_reserves_later_slots_for_the_others() -> None:
    naps: list[float] = []
    for _ in range(3):
        source_client.wait_for_turn("arxiv", 3, sleep=naps.append)
    source_client.wait_for_turn("other", 3, sleep=naps.append)
    assert naps == [0, 3, 6, 0]


def test_it_does_not_wait_when_the_last_turn_is_long_past(time_machine: object) -> None:
    naps: list[float] = []
    source_client.wait_for_turn("arxiv", 3, sleep=naps.append)
    time_machine.move_to(NOW + dt.timedelta(seconds=4), tick=False)  # type: ignore[attr-defined]
    source_client.wait_for_turn("arxiv", 3, sleep=naps.append)
    assert naps == [0, 0]
