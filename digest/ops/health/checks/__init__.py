"""The checks of a running site. Each yields what is wrong now; its name is the first part of the problems' keys.

`URGENT` are those that need someone to act now: nothing is sent, wrong things are sent, or no page is served.
"""

import datetime as dt
from collections.abc import Callable, Iterable

from digest.ops.health.checks import delivery, editions, machines, processes
from digest.ops.health.problems import HealthProblem

Check = Callable[[dt.datetime], Iterable[HealthProblem]]

URGENT: dict[str, Check] = {
    "migrations": machines.missing_migrations,
    "broker": machines.broker_is_down,
    "beat": processes.beat_is_silent,
    "workers": processes.workers_are_silent,
    "web": processes.web_is_silent,
    "paused": delivery.sending_is_paused,
    "clock": processes.clocks_differ,
    "disk": machines.disks_are_nearly_full,
    "files": machines.files_are_unwritable,
    "keys": processes.keys_differ,
}
OTHERS: dict[str, Check] = {
    "queue": processes.queues_are_blocked,
    "discarded": processes.tasks_were_discarded,
    "task": processes.tasks_are_switched_off,
    "provider": delivery.providers_refuse,
    "planning": delivery.nothing_is_planned,
    "waiting": delivery.nothing_is_sent,
    "poison": delivery.emails_crash,
    "edition": editions.edition_is_late,
    "source": editions.sources_fail,
    "backup": machines.backups_are_missing,
}
ALL = URGENT | OTHERS
