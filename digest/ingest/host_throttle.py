"""Hosts that want to be asked slowly: one request at a time, by all workers of all machines together."""

import datetime as dt
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from digest.models import Turn
from digest.sources import deadlines


def wait_for_turn(host: str, seconds: float, *, sleep: Callable[[float], object] = deadlines.stopping.wait) -> None:
    """Wait until it is our turn to ask `host`, which leaves `seconds` between any two that ask it.

    The turn is booked first and waited for then: whoever comes meanwhile gets the next one.
    """
    now = timezone.now()
    with transaction.atomic():
        Turn.objects.get_or_create(host=host, defaults={"free_at": now})
        turn = Turn.objects.select_for_update().get(host=host)
        ours = max(now, turn.free_at)
        turn.free_at = ours + dt.timedelta(seconds=seconds)
        turn.save()
    sleep((ours - now).total_seconds())
