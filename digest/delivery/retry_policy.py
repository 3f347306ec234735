"""When another try is due. Pure."""

import datetime as dt
import random

FIRST_WAIT = dt.timedelta(minutes=10)  # doubled with each try: greylisting lets mail in after minutes, full disks later
LONGEST_WAIT = dt.timedelta(hours=4)
WORTH_TRYING = dt.timedelta(hours=22)  # then the next edition is coming
JITTER = 0.2  # of the wait, to either side: shards that failed together do not come back together


def wait_before(attempts: int, luck: random.Random) -> dt.timedelta:
    """How long to wait after `attempts` tries, from 1 on."""
    wait: dt.timedelta = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    return wait * luck.uniform(1 - JITTER, 1 + JITTER)


def longest_wait() -> dt.timedelta:
    """Before the second try."""
    return FIRST_WAIT * (1 + JITTER)


def is_worth_another(queued_at: dt.datetime, next_try: dt.datetime) -> bool:
    """Whether a mail queued at `queued_at` is still news at `next_try`."""
    return next_try - queued_at < WORTH_TRYING
