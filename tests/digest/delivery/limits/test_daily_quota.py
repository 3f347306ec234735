"""The daily quota and its warm-up."""

import datetime as dt

from digest.delivery.limits.daily_quota import WarmUp


def test_a_warm_up_doubles() -> None:
    plan = WarmUp(dt.date(2026, 9, 1), first_day=100, doubles_every=2)
    caps = [plan.cap(dt.date(2026, 8, 31) + dt.timedelta(days=ago)) for ago in range(7)]
    assert caps == [100, 100, 100, 200, 200, 400, 400]
    assert plan.cap(dt.date(2027, 9, 1)) is None
