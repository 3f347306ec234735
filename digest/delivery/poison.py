"""Deliveries that kill whoever touches them: found, ended, and the others of their shard go on.

After SUSPECT deaths in a row without any progress the shard goes one delivery at a time, each announced before
anything is done with it. Then it is known of which a worker dies; after TRIES deaths it is ended.
"""

from digest.models import Delivery, Shard
from digest.models.deliveries import SUSPECT

TRIES = 3
GUILTY = f"Given up: {TRIES} workers died in a row while they made or sent it. Please report it."


def convict(shard: Shard) -> None:
    """At a new attempt: end the announced delivery if enough workers died of it. The caller saves the shard."""
    if shard.crashes >= SUSPECT + TRIES:
        culprit = Delivery.objects.filter(pk=shard.announced, status=Delivery.Status.QUEUED)
        culprit.update(status=Delivery.Status.FAILED, reason=GUILTY)
        shard.crashes = SUSPECT
    if shard.crashes <= SUSPECT:
        shard.announced = 0


def move_on(shard: Shard, announced: int) -> None:
    """Before `announced` is touched, and all before it: those before it killed nobody. The caller saves the shard."""
    if not shard.is_suspect:
        shard.announced = max(shard.announced, announced)
    elif announced and announced != shard.announced:
        shard.announced, shard.crashes = announced, SUSPECT


def note_progress(shard: Shard) -> None:
    """Some of it came to an end: whatever workers died of, they got on."""
    if shard.crashes and not shard.is_suspect:
        Shard.objects.filter(pk=shard.pk, worker=shard.worker).update(crashes=0)
        shard.crashes = 0
