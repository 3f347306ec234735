"""One part after another stops, or goes wrong, on a running site that sends."""

import subprocess
import time

from tests.drills.registry import CLEAN_UP, Context, Outcome, drill
from tests.drills.site import CONNECTIONS, PROCESSES, TIMEOUT, Site, outcome, wait_until
from tests.upstream import Upstream

SITE = "site"  # the group of the drills that share one site
OUTAGE = 3.0  # seconds that a server stays away after the alert
FULL_DISK = "200k"


_sites: list[Site] = []


def site_of(context: Context) -> Site:
    """Return the site of the group, once it has recovered from the drill before."""
    if not _sites:
        _sites.append(Site(context.folder, is_short=context.is_short))
    (site,) = _sites
    site.wait_until_ready()
    return site


@drill("redis stopped", group=SITE)
def redis_stopped(context: Context) -> Outcome:
    site = site_of(context)
    site.redis.stop()
    since = time.monotonic()
    run = site.publish()
    alert = site.webhook.alert_after("broker", since)
    is_said = wait_until(lambda: site.reasons() == ["broker"], TIMEOUT)
    failed = "" if is_said else f"/readyz said {site.reasons()}"
    site.redis.start()
    return outcome(alert, time.monotonic(), run, failed=failed)


@drill("postgresql stopped", group=SITE)
def postgresql_stopped(context: Context) -> Outcome:
    site = site_of(context)
    run = site.publish()
    site.postgres.stop()
    since = time.monotonic()
    alert = site.webhook.alert_after("database", since)
    time.sleep(OUTAGE)
    is_said = wait_until(lambda: site.reasons() == ["database"], TIMEOUT)
    failed = "" if is_said and site.status("/healthz") == 200 else f"/readyz said {site.reasons()}"
    site.postgres.start()
    found = outcome(alert, time.monotonic(), run, failed=failed)
    return found if site.is_running("beat") else Outcome(alert, None, failed="beat has ended")


@drill("beat killed", group=SITE)
def beat_killed(context: Context) -> Outcome:
    return _kill_and_restart(context, "beat")


@drill("web server killed", group=SITE)
def web_killed(context: Context) -> Outcome:
    return _kill_and_restart(context, "web")


def _kill_and_restart(context: Context, process: str) -> Outcome:
    """Kill the process while digests are due, and start it again after the alert."""
    site = site_of(context)
    site.kill(process)
    since = time.monotonic()
    run = site.publish()
    alert = site.webhook.alert_after(process, since)
    site.start(process)
    return outcome(alert, time.monotonic(), run)


@drill("beat's clock an hour slow", group=SITE)
def clock_slow(context: Context) -> Outcome:
    site = site_of(context)
    since = time.monotonic()
    site.start("beat", shift=-3600)
    alert = site.webhook.alert_after("clock", since)
    run = site.publish()
    failed = "" if run.wait() else "nothing is sent while the clock is slow"
    site.start("beat")
    return outcome(alert, time.monotonic(), run, failed=failed)


@drill("all workers killed in a run", group=SITE)
def workers_killed(context: Context) -> Outcome:
    site = site_of(context)
    run = site.publish()
    wait_until(lambda: len(run.taken()) > site.readers // 10, TIMEOUT)
    site.kill("worker")
    since = time.monotonic()
    alert = site.webhook.alert_after("workers", since)
    site.start("worker")
    return outcome(alert, time.monotonic(), run, may_repeat=PROCESSES * CONNECTIONS)


@drill("a worker with another key", group=SITE)
def wrong_key(context: Context) -> Outcome:
    site = site_of(context)
    since = time.monotonic()
    stranger = site.start("stranger", SECRET_KEY="another")
    run = site.publish()
    alert = site.webhook.alert_after("keys", since)
    failed = "" if wait_until(lambda: stranger.poll() is not None, TIMEOUT) else "it runs"
    return outcome(alert, time.monotonic(), run, failed=failed)


@drill("a migration is missing", group=SITE)
def migration_missing(context: Context) -> Outcome:
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    site = site_of(context)
    loader = MigrationLoader(connection)
    (last,) = loader.graph.leaf_nodes("digest")
    (before,) = [parent.key for parent in loader.graph.node_map[last].parents if parent.key[0] == "digest"]
    since = time.monotonic()
    site.manage("migrate", "digest", before[1], "-v0")
    alert = site.webhook.alert_after("migrations", since)
    site.manage("migrate", "-v0")
    return outcome(alert, time.monotonic(), site.publish())


@drill("a source is down", group=SITE)
def source_down(context: Context) -> Outcome:
    site = site_of(context)  # it sets up Django, which the imports need

    import datetime as dt

    from django.conf import settings

    from digest.ingest import fetcher
    from digest.models import Source
    from digest.ops.health import incidents

    source, today = Source.objects.get(kind=Source.Kind.HUGGINGFACE), dt.datetime.now(dt.UTC).date()
    for _ in range(3):
        fetcher.fetch_one(source, today)
    since = time.monotonic()
    alert = site.webhook.alert_after("source", since)
    with Upstream() as upstream:
        upstream.say("/api/daily_papers", '[{"paper": {"id": "2608.09999", "title": "Back", "summary": "Again."}}]')
        settings.HUGGINGFACE_URL = upstream.url
        back_at = time.monotonic()
        fetcher.fetch_one(source, today)
    is_over = wait_until(lambda: not incidents.open_incidents().filter(key__startswith="source").exists(), TIMEOUT)
    return Outcome(alert, time.monotonic() - back_at if is_over else None)


@drill("a worker's disk is full", group=SITE)
def disk_full(context: Context) -> Outcome:
    site = site_of(context)
    disk = site.folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={FULL_DISK}", "tmpfs", str(disk)], check=True)
    CLEAN_UP.callback(subprocess.run, ["umount", str(disk)], stderr=subprocess.DEVNULL)
    filler = disk / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
    except OSError:
        pass
    site.start("worker", VAR_DIR=str(disk))
    since = time.monotonic()
    run = site.publish()
    alert = site.webhook.alert_after("disk", since)
    filler.unlink()
    found = outcome(alert, time.monotonic(), run)
    site.start("worker")
    return found
