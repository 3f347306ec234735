"""Send digests: take shards, make emails, hand them over, and record the result of each.

    planner → shards.take → shard_worker → shard_run (message_factory, transport) → journal, results → shards.give_back

No reader is lost and hardly any email is sent twice, whatever dies, because of three records:

- the database is the truth: a queued row is sent by whichever worker holds the lease on its shard;
- the worker's journal, a file, gets a line before each email is handed over and another when its outcome is known. It
  costs microseconds and survives the process. The next worker reads what a dead one left;
- the shard's `announced` says how far a worker may have come, in case its machine and journal are gone.

So after a `kill -9` only the one email in flight on each open connection is in doubt.
"""
