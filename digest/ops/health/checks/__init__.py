"""The checks of a running site. Each yields what is wrong now; its name is the first part of the problems' keys.

`URGENT` are those that need someone to act: nothing, or nothing right, is sent, or no page is served.
"""

import datetime as dt
from collections.abc import Callable, Iterable

from digest.ops.health.checks import machines, processes, publishing, sending
from digest.ops.health.problems import Problem

Check = Callable[[dt.datetime], Iterable[Problem]]

URGENT: dict[str, Check] = {
    "migrations": machines.missing_migrations,
    "broker": machines.broker_is_down,
    "beat": processes.beat_is_silent,
    "workers": processes.workers_are_silent,
    "web": processes.web_is_silent,
    "paused": sending.sending_is_paused,
    "clock": processes.clocks_differ,
    "disk": machines.disks_are_full,
    "files": machines.files_are_closed,
    "keys": processes.keys_differ,
}
OTHERS: dict[str, Check] = {
    "queue": processes.queues_are_blocked,
    "discarded": processes.tasks_were_discarded,
    "task": processes.tasks_are_switched_off,
    "provider": sending.providers_refuse,
    "planning": sending.nothing_is_planned,
    "waiting": sending.nothing_leaves,
    "poison": sending.emails_crash,
    "edition": publishing.edition_is_late,
    "source": publishing.sources_fail,
    "backup": machines.backups_are_missing,
}
ALL = URGENT | OTHERS
