"""After a death: what a worker's journal tells is recorded, and its shard is free for the next worker at once."""

import datetime as dt
from pathlib import Path

from django.db import transaction

from digest.delivery import journal, results, shards
from digest.delivery.transports.outcomes import Result

DIED_IN_HAND = "A worker died while it handed this over: it may have arrived."
_PROGRESS = (Result.SENT, Result.FAILED, Result.SKIPPED, Result.LATER)


def recover(folder: Path, *, now: dt.datetime) -> int:
    """Read the journals of this machine's dead workers and free what they had; how many there were.

    After a power cut their shards' leases run out first: then all that was announced of them is in doubt.
    """
    with journal.left_behind(folder) as found:
        for left in found:
            with transaction.atomic():
                results.record(left.outcomes, now=now)
                results.record_doubtful(left.in_hand, DIED_IN_HAND, now=now)
                if left.is_whole:
                    got_on = any(outcome.result in _PROGRESS for outcome in left.outcomes)
                    shards.free_those_of(left.worker, got_on=got_on)
        return len(found)
