"""A quarantined email in a process of its own, so that nothing else dies of it.

The worker starts the process, waits, and looks at how it ended. A signal that ended it is held against the email; one
that ended the worker, too, is not.
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

SECONDS = 320.0  # longer than any wait for a mail server, and within the time limit of the worker's task
LOOKS_AFTER = 0.1  # seconds
ASKED_TO_STOP = (-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)
OOM_SCORE = Path("/proc/self/oom_score_adj")
FIRST = "1000"  # of all processes


def try_next(journals: Path, *, edition: Edition | None = None) -> bool:
    """Try the quarantined email that has waited longest, if one is due; return whether there was one."""
    shard = shards.begin_trial(now=clock.now(), edition=edition)
    if shard is None:
        return False
    status = _run(shard.pk)
    recovery.recover(journals, now=clock.now())
    if status < 0 and status not in ASKED_TO_STOP and shards.end_trial(shard.pk, now=clock.now()):
        logger.error("%s: the process that tried it alone was ended by signal %d", shard, -status)
    return True


def be_killed_first() -> None:
    """Have the kernel end this process, and no other, if memory runs out."""
    try:
        OOM_SCORE.write_text(FIRST)
    except OSError:
        logger.debug("This system does not know which process to end first")


def _run(pk: int) -> int:
    """Return the exit status of the process that tries shard `pk`, or minus the signal that ended it."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "try_quarantined", str(pk)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603  # our own
    ends_at = clock.seconds() + SECONDS
    while True:
        try:
            return process.wait(LOOKS_AFTER)
        except subprocess.TimeoutExpired:
            if shutdown.is_stop_requested():
                process.terminate()
            if clock.seconds() > ends_at:
                process.kill()
