"""Delivery: workers claim shards, make emails, send them, and record the result of each.

    planner → shards.take → shard_worker → shard_run (message_factory, transport) → journal, results → shards.give_back

No email is lost and hardly any is sent twice, even if processes or machines die, thanks to three records:

- The database is the truth. The worker that holds the lease on a shard sends its queued rows.
- The worker's journal, a file, gets a line before each email is sent and another when its outcome is known. It costs
  microseconds and survives the process. The next worker recovers the journals of dead ones.
- The shard's `announced` shows how far a worker may have got, in case its machine and journal are gone.

So after a `kill -9` only the email in flight on each open connection is uncertain.
"""
