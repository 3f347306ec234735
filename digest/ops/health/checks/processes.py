"""Checks of beat, the workers and their queues."""

import datetime as dt
from collections.abc import Iterator

from django.conf import settings
from django_celery_beat.models import PeriodicTask

from digest.ops.health import key_report, task_age
from digest.ops.health.heartbeats import Kind
from digest.ops.health.problems import HealthProblem
from digest.ops.health.snapshot import Snapshot

QUEUE_BLOCKED_AFTER = dt.timedelta(minutes=15)  # a task that reads a slow source takes minutes
MAX_SKEW = dt.timedelta(seconds=60)
REPORTED_FOR = dt.timedelta(minutes=20)  # that an incident stays open after a process reported it last
# The tasks that must never be off, by name, and what stops without them.
NEEDED = {
    "digest.tasks.collect_papers": "no papers are collected",
    "digest.tasks.publish_due_edition": "no edition is published",
    "digest.tasks.send_due_digests": "no digest is sent",
    "subscriptions.tasks.send_owed_notices": "no confirmation is sent",
}


def beat_is_silent(site: Snapshot) -> Iterator[HealthProblem]:
    if not site.alive(Kind.BEAT):
        text = (
            f"{_last(Kind.BEAT, site)} Without it nothing is fetched, published or sent. Start it, and see its log: "
            "celery -A config beat, systemctl status papers-beat, or manage.py allinone if one process does everything."
        )
        yield HealthProblem("beat", "The scheduler (beat) is not running", text)


def workers_are_silent(site: Snapshot) -> Iterator[HealthProblem]:
    """Yield one problem that names the queues without a worker."""
    served = {queue for row in site.alive(Kind.WORKER) for queue in row.queues.split(",")}
    missing = [queue for queue in settings.CELERY_TASK_QUEUES if queue not in served]
    if missing:
        what = "No worker is running" if not served else f"No worker serves the queue {' and '.join(missing)}"
        text = (
            f"{_last(Kind.WORKER, site)} Tasks of {', '.join(missing)} wait; emails in flight are settled when a "
            "worker starts again. Start one, and see its log: celery -A config worker, systemctl status papers-worker, "
            "or manage.py allinone if one process does everything."
        )
        yield HealthProblem("workers", what, text)


def web_is_silent(site: Snapshot) -> Iterator[HealthProblem]:
    """Yield a problem if no web process is alive. A worker finds it."""
    if not site.alive(Kind.WEB):
        text = (
            f"{_last(Kind.WEB, site)} Readers can't open pages, sign up or unsubscribe. Start it, and see its log: "
            "systemctl status papers-web, or manage.py allinone if one process does everything."
        )
        yield HealthProblem("web", "The web server is not running", text)


def queues_are_blocked(site: Snapshot) -> Iterator[HealthProblem]:
    """Yield the queues that ran no task for a while, although beat and a worker are alive."""
    if no_queue_runs(site):
        return
    for row in site.queues():
        if row.at >= site.now - QUEUE_BLOCKED_AFTER:
            continue
        text = f"Its last task ran at {row.at:%H:%M} UTC. Its workers may hang, or be too few: see their log."
        yield HealthProblem(f"queue:{row.name}", f"The queue {row.name} is blocked", text)


def no_queue_runs(site: Snapshot) -> str:
    """Return why nothing is known about the queues, or an empty string."""
    if not site.alive(Kind.BEAT) or list(workers_are_silent(site)):
        return "Tasks need beat and the workers."
    return "" if site.queues() else "No task has run yet."


def none_runs(site: Snapshot) -> str:
    """Return that no process reports its clock, or an empty string."""
    return "" if site.processes else "No process is running."


def clocks_differ(site: Snapshot) -> Iterator[HealthProblem]:
    wrong = {row.host: row.skew for row in site.processes if abs(row.skew) > MAX_SKEW}
    for host, skew in sorted(wrong.items()):
        how = f"{_span(abs(skew))} {'ahead of' if skew > dt.timedelta() else 'behind'} the database's"
        text = "Set it by NTP: timedatectl set-ntp true. Until then, links may seem expired and schedules be off."
        yield HealthProblem(f"clock:{host}", f"The clock of {host} is {how}", text)


def tasks_were_discarded(site: Snapshot) -> Iterator[HealthProblem]:
    """Keep the incident that discarded tasks began, until none was discarded for a while."""
    return _reported(task_age.INCIDENT, site)


def keys_differ(site: Snapshot) -> Iterator[HealthProblem]:
    """Keep the incident of a process that refused to start, until it has not tried again for a while."""
    return _reported(key_report.INCIDENT, site)


def _reported(name: str, site: Snapshot) -> Iterator[HealthProblem]:
    for one in site.incidents:
        if one.key.startswith(name) and one.seen_at > site.now - REPORTED_FOR:
            yield HealthProblem(one.key, one.heading, one.text, one.path, is_reported=True)


def tasks_are_switched_off(site: Snapshot) -> Iterator[HealthProblem]:
    off = PeriodicTask.objects.filter(name__in=NEEDED, enabled=False).values_list("pk", "name")
    for pk, name in off:
        path = f"/admin/django_celery_beat/periodictask/{pk}/change/"
        text = "It was switched off in the admin. Enable it there."
        yield HealthProblem(f"task:{name}", f"{name} is off, so {NEEDED[name]}", text, path)


def _last(kind: Kind, site: Snapshot) -> str:
    row = next((row for row in site.heartbeats if row.kind == kind), None)
    return f"Its last sign of life was at {row.at:%H:%M} UTC, on {row.host}." if row else "None was ever seen."


def _span(span: dt.timedelta) -> str:
    seconds = round(span.total_seconds())
    return f"{seconds} seconds" if seconds < 120 else f"{round(seconds / 60)} minutes"
