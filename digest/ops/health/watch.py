"""The watch: it checks the site, begins and ends incidents, and sends their alerts.

A thread of each web process and of each worker calls `look`. One of them does the work every few seconds, so that the
death of any process is noticed by another.
"""

import datetime as dt
import logging

from django.db import DatabaseError, connection

from digest import clock
from digest.models import Turn
from digest.ops.health import checks, incidents
from digest.ops.health.problems import HealthProblem
from digest.ops.health.snapshot import Snapshot

logger = logging.getLogger(__name__)

EVERY = dt.timedelta(seconds=12)
TURN = "watch"
# A site that was just started, or upgraded, may begin with its web server.
GRACE_PERIOD = 90.0  # seconds of this process, for the checks of other processes

_started_at = clock.seconds()
LOG_EVERY = 3600.0  # seconds
_logged_at: dict[str, float] = {}  # by the name of a check


def look_if_due(*, now: dt.datetime) -> bool:
    """Look after the site, unless another process did so just now. Return whether this one did."""
    if not _claim(now):
        return False
    run_checks(*checks.ALL, now=now)
    return True


def run_checks(*names: str, now: dt.datetime) -> None:
    """Run these checks, and send the alerts that are due."""
    for name in names:
        problems = find(name, Snapshot(now))
        if problems is not None:
            _update(name, problems, now)
    incidents.deliver_due(now=now)


def has_urgent_incident() -> bool:
    """Return whether an open incident needs someone to act immediately, for the dead man's switch."""
    keys = incidents.open_incidents().values_list("key", flat=True)
    return any(key.partition(":")[0] in checks.URGENT for key in keys)


def find(name: str, site: Snapshot) -> list[HealthProblem] | None:
    """Return what the check `name` finds wrong, or None if it is broken."""
    try:
        return list(checks.ALL[name].find(site))
    except DatabaseError:
        if not connection.is_usable():
            raise
        _log_failure(name)
    except Exception:
        _log_failure(name)
    return None


def _log_failure(name: str) -> None:
    """Log the traceback of a broken check, at most once an hour."""
    if clock.seconds() - _logged_at.get(name, -LOG_EVERY) >= LOG_EVERY:
        _logged_at[name] = clock.seconds()
        logger.exception("The check “%s” failed", name)


def _update(name: str, problems: list[HealthProblem], now: dt.datetime) -> None:
    is_starting = checks.ALL[name].has_grace_period and clock.seconds() - _started_at < GRACE_PERIOD
    for problem in problems:
        if is_starting or problem.is_reported:
            continue
        incidents.begin(problem.key, problem.heading, problem.text, now=now, path=problem.path)
    found = {problem.key for problem in problems}
    for key in incidents.open_incidents().values_list("key", flat=True):
        if key.partition(":")[0] == name and key not in found:
            incidents.end(key, now=now)


def _claim(now: dt.datetime) -> bool:
    """Claim the next look. Return whether the caller got it."""
    due = Turn.objects.filter(name=TURN)
    # A turn in the far future was claimed before the clock was set back.
    if due.filter(free_at__lte=now).update(free_at=now + EVERY):
        return True
    if due.filter(free_at__gt=now + 2 * EVERY).update(free_at=now + EVERY):
        return True
    _, is_first = Turn.objects.get_or_create(name=TURN, defaults={"free_at": now + EVERY})
    return is_first
