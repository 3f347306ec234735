"""The checks of a running site. The watch runs them for alerts, and the doctor on demand.

Each yields what is wrong now. Its name is the first part of the problems' keys. A new check is a function in one of the
modules here, a line below, and a row in docs/monitoring.md.

`URGENT` are those that need someone to act now: nothing is sent, wrong things are sent, or no page is served. They
also make `/readyz` answer 503.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from digest.ops.health.checks import delivery, editions, machines, processes
from digest.ops.health.problems import HealthProblem
from digest.ops.health.snapshot import Snapshot


def _nothing(site: Snapshot) -> str:
    return ""


class Check(NamedTuple):
    """A check, and how the doctor shows it."""

    find: Callable[[Snapshot], Iterable[HealthProblem]]
    title: str
    fine: str = ""  # what the doctor says if nothing is wrong; for some checks it gives details instead
    has_grace_period: bool = False  # alerts nothing in a process's first moments, when others may still start
    prevented_by: Callable[[Snapshot], str] = _nothing  # why finding no problem says nothing now, if that is so


URGENT = {
    "migrations": Check(machines.missing_migrations, "Migrations", "All migrations are applied."),
    "broker": Check(machines.broker_is_down, "Broker"),
    "beat": Check(processes.beat_is_silent, "Beat", has_grace_period=True),
    "workers": Check(processes.workers_are_silent, "Workers", has_grace_period=True),
    "web": Check(processes.web_is_silent, "Web server", has_grace_period=True),
    "paused": Check(delivery.sending_is_paused, "Pause", "Sending is not paused."),
    "clock": Check(
        processes.clocks_differ, "Clocks", "All clocks agree with the database’s.", prevented_by=processes.none_runs
    ),
    "disk": Check(machines.disks_are_nearly_full, "Disk", prevented_by=machines.has_unknown_disk),
    "files": Check(machines.files_are_unwritable, "Files", "Workers can write all their files."),
    "keys": Check(processes.keys_differ, "Keys"),
}
OTHERS = {
    "queue": Check(processes.queues_are_blocked, "Queues", has_grace_period=True, prevented_by=processes.no_queue_runs),
    "discarded": Check(processes.tasks_were_discarded, "Age of tasks", "No task was discarded because of its age."),
    "task": Check(processes.tasks_are_switched_off, "Scheduled tasks", "All required scheduled tasks are on."),
    "provider": Check(
        delivery.providers_refuse,
        "Providers",
        "No provider refuses all emails.",
        prevented_by=delivery.nothing_is_tried,
    ),
    "planning": Check(
        delivery.nothing_is_planned,
        "Planning",
        "Digests are planned at their hours.",
        has_grace_period=True,
        prevented_by=delivery.planning_waits,
    ),
    "waiting": Check(
        delivery.nothing_is_sent,
        "Sending",
        "Nothing waits longer than it should.",
        has_grace_period=True,
        prevented_by=delivery.nothing_is_tried,
    ),
    "poison": Check(delivery.emails_crash, "Crashing emails", "No email crashes a worker."),
    "edition": Check(editions.edition_is_late, "Edition", "No edition is overdue.", has_grace_period=True),
    "source": Check(editions.sources_fail, "Sources", "No source keeps failing."),
    "backup": Check(machines.backups_are_missing, "Backups", prevented_by=machines.no_backup_is_known),
}
ALL = URGENT | OTHERS
