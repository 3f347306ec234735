"""Everything dies at random while twenty thousand digests go out: `make chaos`.

PostgreSQL, Redis and a mail server of its own; workers, two schedulers and the web server as separate processes, which
are killed with `kill -9`. What the mail server took is held against the ledger at the end. Then workers are killed as
they call providers, the disk becomes full, and whole workers are killed at a high rate.
"""
