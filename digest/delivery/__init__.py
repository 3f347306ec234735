"""Digests leave: shards are taken, mails made, handed over, and what became of each is written down.

    planning → shards.take → sending.send_shard (composing, a transport) → journal → recording → shards.give_back

Nobody is lost and hardly anything comes twice, whatever dies, because of three records:

- the database's rows are the truth: what is queued there is sent, by whoever holds the shard's lease;
- the worker's journal, a file, gets a line before each mail is handed over and one when its outcome is known; it
  costs microseconds, and outlives the process. Whoever comes next reads what a dead worker left;
- the shard's `announced` says how far a worker may have come, for the case that its machine and journal are gone.

So after a `kill -9` at most the one mail in flight on each open connection is in doubt.
"""
