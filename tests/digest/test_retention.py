"""What is kept for some time only."""

import datetime as dt
from typing import Any

import pytest

from digest import tasks
from digest.models import DeliveryEvent
from tests.conftest import NOW

pytestmark = [pytest.mark.usefixtures("now"), pytest.mark.django_db]


@pytest.mark.parametrize(("kept_days", "left"), [(90, [89, 29]), (30, [29])])
def test_it_forgets_what_providers_reported_long_ago(settings: Any, kept_days: int, left: list[int]) -> None:
    settings.RETENTION_DAYS = kept_days
    for days in (91, 89, 29):
        told_at = NOW - dt.timedelta(days=days)
        DeliveryEvent.objects.create(event_key=f"x:{days}", event_type="delivered", happened_at=told_at)
    tasks.forget_old_events()
    assert [event.event_key for event in DeliveryEvent.objects.order_by("happened_at")] == [f"x:{n}" for n in left]
