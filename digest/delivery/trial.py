"""The trial of a quarantined email in a separate process, so that nothing else crashes with it.

The worker starts the process, waits for it, and looks at how it ended. If a signal ended it, the email may get a
strike (see `poison_pill`). If the worker died as well, it gets none.
"""

import logging
import signal
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from digest import clock
from digest.delivery import recovery, shards, shutdown
from digest.models import Edition

logger = logging.getLogger(__name__)

TIMEOUT = 320.0  # seconds; longer than any wait for a mail server, and within the time limit of the worker's task
POLL_INTERVAL = 0.1  # seconds
STOP_STATUSES = (-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)
OOM_SCORE = Path("/proc/self/oom_score_adj")
KILL_FIRST = "1000"  # the highest score


def try_next(journals: Path, *, edition: Edition | None = None) -> bool:
    """Try the quarantined email that has waited longest, if one is due. Return whether one was."""
    shard = shards.begin_trial(now=clock.now(), edition=edition)
    if shard is None:
        return False
    status = _run(shard.pk)
    # Record what the process did before it died; then judge its email.
    recovery.recover(journals, now=clock.now())
    if status < 0 and status not in STOP_STATUSES and shards.end_trial(shard.pk, now=clock.now()):
        logger.error("%s: signal %d ended the process that tried this email alone", shard, -status)
    return True


def be_killed_first() -> None:
    """Have the kernel end this process, and no other, if memory runs out."""
    try:
        OOM_SCORE.write_text(KILL_FIRST)
    except OSError:
        logger.debug("This system has no %s, so any process may be ended if memory runs out", OOM_SCORE)


def _run(pk: int) -> int:
    """Try shard `pk` in a process. Return its exit status, or minus the number of the signal that ended it."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "try_quarantined", str(pk)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603  # our own
    ends_at = clock.seconds() + TIMEOUT
    while True:
        try:
            return process.wait(POLL_INTERVAL)
        except subprocess.TimeoutExpired:
            if shutdown.is_stop_requested():
                process.terminate()
            if clock.seconds() > ends_at:
                process.kill()
