"""Checks of planning and sending."""

import datetime as dt
from collections.abc import Iterator

from django.db.models import Count, F, Q
from django.db.models.functions import Now

from digest.delivery import planner, shards
from digest.delivery.providers import failover
from digest.models import Delivery, Edition, Shard
from digest.models.deliveries import SUSPECT
from digest.ops.health.problems import HealthProblem
from digest.ops.health.snapshot import Snapshot

STALLED_AFTER = dt.timedelta(minutes=15)
PLANNED_WITHIN = dt.timedelta(minutes=30)
FAILED_FOR = dt.timedelta(days=1)


def sending_is_paused(site: Snapshot) -> Iterator[HealthProblem]:
    pause = site.pause
    if pause is None:
        return
    path = "/admin/digest/pause/"
    if pause.probe_at:
        outlook = (
            "One email is tried from time to time, at growing intervals. When it is accepted, sending resumes where it "
            "stopped. In the meantime no digest is lost or marked as failed."
        )
        yield HealthProblem("paused", "Sending is paused", f"{_sentence(pause.reason)} {outlook}", path)
    elif site.installation.behind_since:  # the reason says what to do, and ending the pause would not help
        path = "/admin/digest/installation/settle/"
        yield HealthProblem("paused", "Sending is paused: a restored database needs your decision", pause.reason, path)
    elif pause.paused_by:
        end = f"at {pause.until:%H:%M} UTC on {pause.until:%Y-%m-%d}, or " if pause.until else ""
        who = f"{pause.paused_by} paused it: {_sentence(pause.reason)}"
        text = f"{who} It resumes {end}when an operator ends the pause."
        yield HealthProblem("paused", "An operator paused sending", text, path)
    else:
        outlook = "Sending does not resume by itself. Find the cause, then end the pause in the admin."
        text = f"{_sentence(pause.reason)} {outlook}"
        yield HealthProblem("paused", "Sending is paused until you end the pause", text, path)


def _sentence(reason: str) -> str:
    """Return a reason that a person or a server wrote, with a full stop at its end."""
    return reason if reason.endswith((".", "!", "?")) else f"{reason}."


def providers_refuse(site: Snapshot) -> Iterator[HealthProblem]:
    """Yield the providers that are avoided while another one sends."""
    names = failover.names()
    if len(names) < 2:
        return  # sending is paused instead
    closed = failover.recently_avoided(now=site.now)
    for name in names:
        if name in closed:
            others = [other for other in names if other not in closed]
            who = f"{others[0]} sends instead" if others else "no other provider is left"
            minutes = failover.AVOIDED_FOR // dt.timedelta(minutes=1)
            text = f"It is tried again every {minutes} minutes; until then {who}. Check its dashboard, key and limits."
            yield HealthProblem(f"provider:{name}", f"{name} refuses all emails", text, "/admin/")


def planning_waits(site: Snapshot) -> str:
    """Return why no digest is planned at all, or an empty string. The check `paused` reports it."""
    return "Planning waits for your decision after the restore." if site.installation.behind_since else ""


def nothing_is_tried(site: Snapshot) -> str:
    """Return why no email is tried, or an empty string."""
    return "Sending is paused." if site.pause else ""


def nothing_is_planned(site: Snapshot) -> Iterator[HealthProblem]:
    if planning_waits(site):
        return
    recent = Edition.objects.filter(
        send_after__gt=site.now - planner.TOO_LATE, send_after__lte=site.now - STALLED_AFTER
    )
    edition = recent.order_by("-send_after").first()
    if edition is None:
        return
    path = f"/admin/digest/edition/{edition.pk}/change/"
    if edition.planned_until is None or edition.planned_until < site.now - STALLED_AFTER:
        since = f"since {edition.planned_until:%H:%M} UTC" if edition.planned_until else "yet"
        text = f"Its digests were not planned {since}. Check beat, the workers, and digest.tasks.send_due_digests."
        yield HealthProblem("planning", f"Nothing is planned for the {edition}", text, path)
    elif planner.has_missed_readers(edition, before=site.now - PLANNED_WITHIN):
        text = "Readers' hours have come, and none of them got a digest. See the workers' log."
        yield HealthProblem("planning", f"No digest of the {edition} was planned at a due hour", text, path)


def nothing_is_sent(site: Snapshot) -> Iterator[HealthProblem]:
    """Yield a problem if digests are due for a while, no worker sends any, and there is no pause that explains it."""
    if nothing_is_tried(site) or not shards.takeable(now=site.now - STALLED_AFTER).exists():
        return
    is_held = Q(done_at=None, lease_until__gt=Now())
    if Shard.objects.filter(is_held | Q(done_at__gt=site.now - STALLED_AFTER)).exists():
        return
    waiting = Delivery.objects.filter(status="queued", not_before__lte=site.now).exclude(reason="")
    reason = waiting.values_list("reason").annotate(number=Count("pk")).order_by("-number").first()
    text = f"{reason[0] if reason else ''} Check the workers of the queue send, and their log.".strip()
    yield HealthProblem(
        "waiting", "Digests are due, and none is sent", text, "/admin/digest/delivery/?status__exact=queued"
    )


def emails_crash(site: Snapshot) -> Iterator[HealthProblem]:
    """Yield the emails that crash the process that sends them: those that are tried again, and those that failed."""
    struck = Shard.objects.filter(crashes__gt=SUSPECT, first=F("last")).select_related("edition")
    for shard in struck.filter(Q(done_at=None) | Q(done_at__gt=site.now - FAILED_FOR)):
        delivery = shard.deliveries.first()
        if shard.done_at:
            heading = "An email crashed its process too often, and has failed"
            outcome = (
                f"{shard.strikes} processes crashed while they built or sent a digest of {shard.edition.day}. Its "
                "reader does not get this edition."
            )
        else:
            heading = "An email crashes the process that sends it"
            outcome = (
                f"It is a digest of {shard.edition.day}. All others are sent as usual. This one is tried again at "
                "growing intervals, in a separate process."
            )
        reason, path = (delivery.reason, f"/admin/digest/delivery/{delivery.pk}/change/") if delivery else ("", "")
        text = f"{outcome} {reason} Please check the worker's log, and report the bug."
        yield HealthProblem(f"poison:{shard.pk}", heading, text, path)
