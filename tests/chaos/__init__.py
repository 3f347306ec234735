"""The chaos test (`make chaos`): everything crashes at random while twenty thousand digests are sent.

It runs its own PostgreSQL, Redis and mail server, and workers, two schedulers and the web server as separate processes.
They are killed with `kill -9`. At the end the emails that the mail server accepted are compared with the database. Then
workers are killed while they call providers, the disk becomes full, and whole workers are killed at a high rate.
"""
