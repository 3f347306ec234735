"""Recovery after a crash: record what a dead worker's journal holds, and free its shard at once.

A module of its own, because it alone knows both the journal, a file, and the records in the database.
"""

import datetime as dt
from pathlib import Path

from django.db import transaction

from digest.delivery import journal, results, shards
from digest.delivery.transports.outcomes import Result

DIED_IN_FLIGHT = "A worker died while it sent this. It may have arrived."
_PROGRESS = (Result.SENT, Result.FAILED, Result.SKIPPED, Result.RETRY_LATER)


def recover(folder: Path, *, now: dt.datetime) -> int:
    """Record the journals of this machine's dead workers and release their shards. Return the number of journals.

    After a power cut a journal may be incomplete. Then the shard stays leased until the lease expires, and everything
    that was announced of it becomes uncertain.
    """
    with journal.left_behind(folder) as journals:
        for contents in journals:
            with transaction.atomic():
                results.record(contents.outcomes, now=now)
                results.record_uncertain(contents.in_flight, DIED_IN_FLIGHT, now=now)
                if contents.is_complete:
                    made_progress = any(outcome.result in _PROGRESS for outcome in contents.outcomes)
                    shards.release_from_dead(contents.worker, made_progress=made_progress)
        return len(journals)
