"""Incidents: what is wrong now. Each one alerts the operators when it begins and when it ends.

Code that finds something wrong calls `begin`, as often as it likes, and `end` when it is over. It never alerts by
itself: a thread of each process calls `deliver_due`, and one of them sends the alerts.

If the same thing goes wrong again and again, the alerts come at growing intervals.
"""

import datetime as dt
import logging
import time

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from digest.models import Incident
from digest.ops.health import channels
from digest.ops.health.channels import Event
from subscriptions.email.builder import Alert

logger = logging.getLogger(__name__)

FIRST_REPEAT, MAX_REPEAT = dt.timedelta(minutes=5), dt.timedelta(hours=6)  # between alerts of the same key
REPEATS_WITHIN = dt.timedelta(days=1)
NOT_WORTH_AN_ALERT = dt.timedelta(minutes=5)  # an incident that was over sooner and before its alert was sent
SEEN_EVERY = dt.timedelta(minutes=1)
FIRST_RETRY, MAX_RETRY = dt.timedelta(seconds=15), dt.timedelta(minutes=5)  # if no way worked
CLAIM = dt.timedelta(minutes=3)  # while one process sends an alert, the others wait no longer than this
# The heading of the alert at the end, by the part of the key before a colon. Other incidents get “Over: …”.
ENDINGS = {
    "beat": "The scheduler (beat) is running again",
    "broker": "The broker answers again",
    "database": "The database answers again",
    "paused": "Sending has resumed",
    "web": "The web server is running again",
    "workers": "Workers are running again",
}
DASHBOARD = "/admin/"
SHOWN_FOR = 5.0  # seconds
MAX_SHOWN = 10

_cached: tuple[float, list[Incident]] | None = None  # the monotonic time, and the incidents


def begin(key: str, heading: str, text: str, *, now: dt.datetime, path: str = "") -> Incident:
    """Return the open incident with this key, and begin one if there is none.

    If the heading of an open incident changes, the operators are alerted again.
    """
    incident = Incident.objects.filter(key=key, ended_at=None).first()
    if incident is None:
        return _open(key, heading[:300], text, now, path)
    _update(incident, heading[:300], text, now, path)
    return incident


def end(key: str, *, now: dt.datetime) -> bool:
    """End the open incident with this key. Return whether there was one."""
    incident = Incident.objects.filter(key=key, ended_at=None).first()
    if incident is None:
        return False
    # If no way to alert worked while it lasted, one alert says what happened, unless it was short.
    is_worth_it = incident.alerted_at or (incident.tries and now - incident.began_at >= NOT_WORTH_AN_ALERT)
    due = now if is_worth_it else None
    ended = Incident.objects.filter(pk=incident.pk, ended_at=None).update(ended_at=now, alert_at=due, tries=0)
    if ended:
        logger.warning("Over: %s", incident.heading)
    return bool(ended)


def open_incidents() -> QuerySet[Incident]:
    """Return what is wrong now, the newest first."""
    return Incident.objects.filter(ended_at=None)


def cached_open() -> list[Incident]:
    """Return the newest open incidents for the admin's first page. They are read again after a few seconds."""
    global _cached
    if _cached is None or time.monotonic() - _cached[0] > SHOWN_FOR:
        _cached = time.monotonic(), list(open_incidents()[:MAX_SHOWN])
    return _cached[1]


def clear_cache() -> None:
    """Clear the cache, so that the next page reads the incidents again."""
    global _cached
    _cached = None


def deliver_due(*, now: dt.datetime) -> list[str]:
    """Send the alerts that are due, in one message. Return the channels that accepted it.

    If none did, they are tried again soon. If two processes try at once, only one of them sends.
    """
    claimed = [incident for incident in Incident.objects.filter(alert_at__lte=now) if _claim(incident, now)]
    if not claimed:
        return []
    claimed.sort(key=lambda incident: (incident.began_at, incident.pk))
    accepted = channels.send(_message(claimed), [_event(incident) for incident in claimed])
    for incident in claimed:
        _note_result(incident, now, worked=bool(accepted) or not channels.exist())
    return accepted


def _open(key: str, heading: str, text: str, now: dt.datetime, path: str) -> Incident:
    try:
        with transaction.atomic():
            incident = Incident.objects.create(
                key=key,
                heading=heading,
                text=text,
                path=path,
                began_at=now,
                seen_at=now,
                alert_at=_first_alert(key, now),
            )
    except IntegrityError:  # another process found the same
        return Incident.objects.filter(key=key).latest("began_at")
    logger.error("%s. %s", heading, text)
    return incident


def _update(incident: Incident, heading: str, text: str, now: dt.datetime, path: str) -> None:
    if (incident.heading, incident.text) == (heading, text) and now - incident.seen_at < SEEN_EVERY:
        return
    changed = {"text": text, "path": path, "seen_at": now}
    if incident.heading != heading:
        logger.error("%s. %s", heading, text)
        changed |= {"heading": heading, "alerted_at": None, "alert_at": now, "tries": 0}
    Incident.objects.filter(pk=incident.pk).update(**changed)


def _first_alert(key: str, now: dt.datetime) -> dt.datetime:
    """Return when to alert: now, or later if the operators were just alerted to the same thing."""
    alerted = Incident.objects.filter(key=key, began_at__gt=now - REPEATS_WITHIN, alerted_at__isnull=False)
    times = [at for at in alerted.values_list("alerted_at", flat=True) if at]
    if not times:
        return now
    wait: dt.timedelta = min(FIRST_REPEAT * 2 ** min(len(times) - 1, 10), MAX_REPEAT)
    return max(now, max(times) + wait)


def _claim(incident: Incident, now: dt.datetime) -> bool:
    waiting = Incident.objects.filter(pk=incident.pk, alert_at=incident.alert_at, ended_at=incident.ended_at)
    return bool(waiting.update(alert_at=now + CLAIM, tries=F("tries") + 1))


def _note_result(incident: Incident, now: dt.datetime, *, worked: bool) -> None:
    # It may have ended, or changed, while the alert was sent: then another alert is due already.
    sent = Incident.objects.filter(pk=incident.pk)
    unchanged = sent.filter(ended_at=incident.ended_at, heading=incident.heading)
    if not worked:
        unchanged.update(alert_at=now + min(FIRST_RETRY * 2 ** min(incident.tries, 10), MAX_RETRY))
    elif incident.ended_at:
        sent.update(alert_at=None, tries=0, end_alerted_at=now)
    elif unchanged.update(alert_at=None, tries=0, alerted_at=now) == 0:
        sent.filter(ended_at__isnull=False).update(alert_at=now, alerted_at=now)


def _event(incident: Incident) -> Event:
    return Event(incident.key, incident.heading, incident.text, incident.began_at, incident.ended_at)


def _message(incidents: list[Incident]) -> Alert:
    if len(incidents) == 1:
        (incident,) = incidents
        heading = _heading(incident)
        return Alert(_subject(heading), heading, (_when(incident),), _advice(incident), incident.path or DASHBOARD)
    parts = [(_heading(incident), f"{_when(incident)} {_advice(incident)}".strip()) for incident in incidents]
    number = f"{len(incidents)} alerts"
    return Alert(f"{number}: {_subject(parts[0][0])} …", number, (), "", DASHBOARD, parts)


def _advice(incident: Incident) -> str:
    """Return what is wrong and what to do. There is nothing to do about an incident that has ended."""
    return "" if incident.ended_at else incident.text


def _heading(incident: Incident) -> str:
    if not incident.ended_at:
        return incident.heading
    return ENDINGS.get(incident.key.partition(":")[0], f"Over: {incident.heading}")


def _subject(heading: str) -> str:
    return f"{heading[:1].lower()}{heading[1:]}"


def _when(incident: Incident) -> str:
    began = f"It began on {incident.began_at.day} {incident.began_at:%B %Y} at {incident.began_at:%H:%M} UTC"
    if not incident.ended_at:
        return f"{began}."
    minutes = max(round((incident.ended_at - incident.began_at).total_seconds() / 60), 1)
    lasted = f"{minutes} minute{'s' if minutes > 1 else ''}" if minutes < 120 else f"{round(minutes / 60)} hours"
    return f"{began} and ended after {lasted}."
