"""The doctor: it examines everything that must work, and says what to do. `manage.py doctor` and the admin show it.

The thresholds for a running site are in `checks`, which the watch runs for alerts, too.
"""

import datetime as dt
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.core import checks as django_checks
from django.core.checks import CheckMessage
from django.core.mail import get_connection
from django.db import DatabaseError, InterfaceError, connection

from digest import clock
from digest.delivery.providers import failover
from digest.delivery.providers.capabilities import SMTP
from digest.models import Heartbeat
from digest.ops import dns_checks
from digest.ops.dns_checks import CheckState
from digest.ops.health import broker, checks, deploy_checks, heartbeats, watch
from digest.ops.health.broker import BrokerError
from digest.ops.health.heartbeats import Kind
from digest.ops.health.problems import DOCTOR
from digest.ops.health.snapshot import Snapshot
from digest.ops.recovery import keys
from digest.ops.recovery.keys import WrongKeyError
from subscriptions import address_index, brand, outbox
from subscriptions.email import builder

NO_DATABASE = "Needs the database."
COUNTED_FOR = 60.0  # seconds that the numbers of the admin's first page are kept
BRAND = "/admin/subscriptions/brand/"
IN_THE_BRAND = ("digest.E005", "digest.E011", "digest.W003")  # the checks of what can be set on that page
# Checks of Django with messages that don't say what to do.
IN_PLAIN_WORDS = {
    "security.W018": "DEBUG is on, so visitors see code, settings and all emails where an error happens. "
    "Set DEBUG=false before you open the site to readers.",
}
# What is missing without each setting of alerts, and what to do.
ALERTS = {
    "OPERATORS": "No one gets alerts and the daily report by email. Set OPERATORS=you@example.org.",
    "ALERT_URL": "If emails fail, no alert arrives. Set ALERT_URL to an app or a chat, such as "
    "ntfy+https://ntfy.sh/a-secret-topic or slack+https://hooks.slack.com/services/…",
    "HEARTBEAT_URL": "If this machine stops, no one is told. Add a check at healthchecks.io or a similar service, and "
    "set HEARTBEAT_URL to its address.",
}


class State(StrEnum):
    """The result of an examination."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "not checked"


@dataclass(frozen=True)
class PartResult:
    """One result: what was examined, and what was found or what to do."""

    name: str
    state: State
    said: str
    path: str = ""  # of the page of the admin where something can be done about it


# The checks of a running site. The doctor compares this process's own keys, and not those of others that did not start.
# `check --deploy` has compared the migrations.
RUNNING = {name: check for name, check in checks.ALL.items() if name not in ("keys", "migrations")}


def examine(*, with_dns: bool, send_test_to: str = "") -> list[PartResult]:
    """Examine everything. DNS takes seconds; a test email is sent only to an address."""
    deployment = django_checks.run_checks(include_deployment_checks=True)
    database, site = _database()
    findings = [*_settings(deployment), database, _migrations(deployment)]
    if site:
        findings += [finding for name in RUNNING for finding in _running(name, site)]
        findings.append(_keys(site))
        findings += _address_index()
    else:
        others = [check for name, check in checks.ALL.items() if name != "migrations"]
        findings += [PartResult(check.title, State.UNKNOWN, NO_DATABASE) for check in others]
    findings += [*_alerts(), _mailer(send_test_to)]
    return [*findings, *_dns(with_dns)]


_counted: tuple[float, Counter[State]] | None = None  # the monotonic time, and the numbers


def cached_counts() -> Counter[State]:
    """Return how many findings have each state, for the admin's first page. They are examined again after a minute."""
    if _counted is None or time.monotonic() - _counted[0] > COUNTED_FOR:
        return count(examine(with_dns=False))
    return _counted[1]


def count(findings: Iterable[PartResult]) -> Counter[State]:
    """Return how many of the findings have each state, and keep the numbers for `cached_counts`."""
    global _counted
    _counted = time.monotonic(), Counter(finding.state for finding in findings)
    return _counted[1]


def clear_counts() -> None:
    """Clear the kept numbers, so that the next page examines everything again."""
    global _counted
    _counted = None


def _settings(deployment: Iterable[CheckMessage]) -> Iterator[PartResult]:
    """Yield what `check --deploy` reports, without what the doctor examines itself."""
    messages = [one for one in deployment if not one.is_silenced() and one.id not in deploy_checks.EXAMINED_BY_DOCTOR]
    for one in messages:
        state = State.FAILED if one.is_serious() else State.WARNING
        said = IN_PLAIN_WORDS.get(one.id or "") or f"{one.msg} {one.hint or ''}".strip()
        yield PartResult("Settings", state, said, BRAND if one.id in IN_THE_BRAND else "")
    if not messages:
        yield PartResult("Settings", State.OK, "check --deploy finds nothing.")


def _database() -> tuple[PartResult, Snapshot | None]:
    """Return whether the database answers, and the state of the site if it does."""
    try:
        site = Snapshot(clock.now())
        _ = site.installation
    except (DatabaseError, InterfaceError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        said = f"{reason}. Start it, check DATABASE_URL, and run manage.py migrate."
        return PartResult("Database", State.FAILED, said), None
    return PartResult("Database", State.OK, f"{connection.display_name} answers."), site


def _migrations(deployment: Iterable[CheckMessage]) -> PartResult:
    """Return what `check --deploy` reports about migrations. Comparing them again would take two queries."""
    found, check = {one.id: one for one in deployment}, checks.ALL["migrations"]
    if missing := found.get("digest.E013"):
        return PartResult(check.title, State.FAILED, f"{missing.msg} {missing.hint}")
    if "digest.E012" in found:
        return PartResult(check.title, State.UNKNOWN, NO_DATABASE)
    return PartResult(check.title, State.OK, check.fine)


def _running(name: str, site: Snapshot) -> Iterator[PartResult]:
    check = RUNNING[name]
    try:
        problems = watch.find(name, site)
        prevented_by = check.prevented_by(site)
    except (DatabaseError, InterfaceError):
        problems = None
    if problems is None:
        yield PartResult(check.title, State.UNKNOWN, "This check failed: see the log.")
        return
    state = State.FAILED if name in checks.URGENT else State.WARNING
    for problem in problems:
        path = "" if problem.path == DOCTOR else problem.path
        yield PartResult(check.title, state, f"{problem.heading}. {problem.text}", path)
    if prevented_by and not problems:
        yield PartResult(check.title, State.UNKNOWN, prevented_by)
    elif not problems:
        yield PartResult(check.title, State.OK, check.fine or _details(name, site))


def _details(name: str, site: Snapshot) -> str:
    """Return what is known about a part that works."""
    match name:
        case "broker":
            return _broker()
        case "beat" | "workers" | "web":
            rows = site.alive(Kind(name.removesuffix("s")))
            return "; ".join(f"{row.name}, {_ago(row, site.now)}" for row in rows) + "."
        case "queue":
            rows = sorted(site.queues(), key=lambda row: row.name)
            waits = (f"{row.name} {_ago(row, site.now)}, {row.waited or 0:.1f} s of waiting" for row in rows)
            return "; ".join(waits) + "."
        case "disk":
            return f"{heartbeats.free_mb() or 0:,.0f} MB are free for VAR_DIR."
        case "backup":
            return f"The last scheduled backup was made at {site.installation.backed_up_at:%Y-%m-%d %H:%M} UTC."
        case _:
            return ""


def _broker() -> str:
    if broker.is_in_memory():
        return "In memory: the site runs as one process."
    try:
        return "; ".join(f"{number} waiting in {queue}" for queue, number in broker.depths().items()) + "."
    except BrokerError as error:
        return str(error)


def _ago(row: Heartbeat, now: dt.datetime) -> str:
    return f"{max((now - row.at).total_seconds(), 0):.0f} s ago"


def _keys(site: Snapshot) -> PartResult:
    try:
        keys.verify_with(site.installation)
    except WrongKeyError as error:
        return PartResult("Keys", State.FAILED, str(error))
    return PartResult("Keys", State.OK, "The keys match the database.")


def _address_index() -> Iterator[PartResult]:
    """Yield a warning if the site has outgrown searches by a part of an address or of words without their indexes."""
    if address_index.is_missing():
        said = "The admin's search by a part reads all addresses or words. Run manage.py index_addresses, once."
        yield PartResult("Search", State.WARNING, said)


def _alerts() -> Iterator[PartResult]:
    missing = [said for name, said in ALERTS.items() if not getattr(settings, name)]
    for said in missing:
        yield PartResult("Alerts", State.WARNING, said)
    if not missing:
        yield PartResult("Alerts", State.OK, "They go to OPERATORS and ALERT_URL, and HEARTBEAT_URL is requested.")


def _mailer(send_to: str) -> PartResult:
    if not send_to:
        names = ", ".join(failover.names()) or settings.EMAIL_BACKEND
        said = f"To send one by {names}, run manage.py doctor --send-test you@example.org."
        return PartResult("Test email", State.UNKNOWN, said)
    text = "This email was sent by manage.py doctor, to show that emails leave and arrive."
    try:
        message = builder.build_message(send_to, "Test email", text, f"<p>{text}</p>", {**builder.BY_A_MACHINE})
        message.connection = get_connection()
        message.send()
    except Exception as error:
        return PartResult("Test email", State.FAILED, f"{error}")
    where = f"It is in {settings.OUTBOX_DIR}." if outbox.is_in_use() else f"It was accepted for {send_to}."
    return PartResult("Test email", State.OK, where)


def _dns(with_dns: bool) -> Iterator[PartResult]:
    domain = brand.current().sender_domain
    if outbox.is_in_use() or domain == "localhost":
        yield PartResult("DNS", State.UNKNOWN, "Emails go to the outbox folder, or have no sender's domain yet.")
    elif not with_dns:
        yield PartResult("DNS", State.UNKNOWN, "Not checked here, because it takes several seconds.")
    else:
        states = {CheckState.OK: State.OK, CheckState.FAILED: State.FAILED, CheckState.UNKNOWN: State.UNKNOWN}
        for result in dns_checks.check_domain(domain, [], SMTP in failover.names(), dns_checks.Dns()):
            yield PartResult(result.name, states[result.state], result.said)
