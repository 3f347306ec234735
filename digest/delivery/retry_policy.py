"""The retry policy: how long a delivery that failed waits before the next try, and when to give up. Pure.

Other waits: `deferral` (rate limits), `pauses` (all sending), `providers.failover` (a provider that refuses all).
This is a module of its own, because results and poison_pill share it, and because it needs no database.
"""

import datetime as dt
import random

# The wait doubles with each try: greylisting accepts an email after minutes, a full disk takes longer.
FIRST_RETRY_WAIT = dt.timedelta(minutes=10)
MAX_RETRY_WAIT = dt.timedelta(hours=4)
# After that, the next edition is about to be sent. The planner skips what is older than its TOO_LATE in any case.
WORTH_TRYING = dt.timedelta(hours=22)
JITTER = 0.2  # share of the wait, in both directions, so that shards that failed together are not retried together


def wait_before(attempts: int, luck: random.Random) -> dt.timedelta:
    """Return the wait after the given number of tries (1 or more), with jitter."""
    wait: dt.timedelta = min(FIRST_RETRY_WAIT * 2 ** (attempts - 1), MAX_RETRY_WAIT)
    return wait * luck.uniform(1 - JITTER, 1 + JITTER)


def longest_first_wait() -> dt.timedelta:
    """Return the longest possible wait before the second try."""
    return FIRST_RETRY_WAIT * (1 + JITTER)


def is_worth_another(queued_at: dt.datetime, next_try: dt.datetime) -> bool:
    """Return whether an email queued at `queued_at` is still worth a try at `next_try`."""
    return next_try - queued_at < WORTH_TRYING
