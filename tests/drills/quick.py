"""The processes of a drill: the product with shorter waits, as in `tests.chaos.quick`.

python -m tests.drills.quick celery -A config worker
"""

import datetime as dt

from tests.chaos import quick

SECOND = quick.SECOND
_shorten_sending = quick.shorten


def shorten() -> None:
    _shorten_sending()
    from celery.schedules import schedule
    from django.conf import settings

    from digest.delivery import shards
    from digest.ops.health import heartbeats, incidents, outage, pulse, readiness, watch
    from digest.ops.health.checks import machines, processes

    heartbeats.EVERY, heartbeats.SILENT_AFTER = 1.0, 5 * SECOND
    pulse.EVERY, watch.EVERY, watch.GRACE_PERIOD, outage.ALERT_AFTER = 0.5, SECOND, 8.0, 2 * SECOND
    readiness.KEPT_FOR = 0.5
    incidents.FIRST_REPEAT, incidents.FIRST_RETRY, incidents.SEEN_EVERY = SECOND, SECOND, SECOND
    processes.REPORTED_FOR, machines.MIN_FREE_MB = 5 * SECOND, 0.1
    shards.LEASE = dt.timedelta(seconds=8)
    note = {"task": "digest.tasks.note_queues", "schedule": schedule(2 * SECOND)}
    settings.CELERY_BEAT_SCHEDULE = settings.CELERY_BEAT_SCHEDULE | {"every two seconds, note the queues": note}


if __name__ == "__main__":
    quick.shorten = shorten
    quick.main()
