"""Celery, gunicorn or a worker without Celery, with shorter waits, so that a day of retries fits into minutes.

    python -m tests.chaos.quick celery -A config worker
    python -m tests.chaos.quick send

The environment variable CHAOS_SHIFT sets the clock of this process wrong by so many seconds.
"""

import datetime as dt
import os
import sys
import time
from importlib import import_module

import django
import time_machine

SECOND = dt.timedelta(seconds=1)


def shorten() -> None:
    from celery.schedules import schedule
    from django.conf import settings

    from digest import tasks
    from digest.delivery import pauses, retry_policy, shard_run, shards
    from digest.delivery.providers import client, failover
    from digest.delivery.transports import connection

    retry_policy.FIRST_RETRY_WAIT, retry_policy.MAX_RETRY_WAIT = 2 * SECOND, 10 * SECOND
    pauses.FIRST_PROBE_WAIT, pauses.MAX_PROBE_WAIT, pauses.PROBE_TIMEOUT = SECOND, 4 * SECOND, 15 * SECOND
    shards.LEASE, shard_run.RENEW_AFTER = 15 * SECOND, 3.0
    connection.ANSWER_WITHIN, connection.ACCEPT_WITHIN = 4.0, 6.0
    failover.AVOIDED_FOR, client.FIRST_CALL_WAIT = 3 * SECOND, 0.1
    tasks.SENDING_SECONDS = 8
    tick = {"task": "digest.tasks.send_due_digests", "schedule": schedule(SECOND), "options": {"expires": 10}}
    settings.CELERY_BEAT_SCHEDULE = {"every second, plan and send": tick}


def send() -> None:
    """Send until nothing is queued."""
    from digest.delivery import shard_worker
    from digest.models import Delivery

    while Delivery.objects.filter(status="queued").exists():
        shard_worker.send_due(seconds=5)
        time.sleep(0.2)


def main() -> None:
    shift = float(os.environ.get("CHAOS_SHIFT", "0"))
    if shift:
        time_machine.travel(dt.datetime.now(dt.UTC) + shift * SECOND, tick=True).start()
    django.setup()
    shorten()
    program, sys.argv = sys.argv[1], sys.argv[1:]
    if program == "celery":
        from celery.__main__ import main as celery

        celery()
    elif program == "send":
        send()
    else:
        import_module("gunicorn.app.wsgiapp").run()


if __name__ == "__main__":
    main()
