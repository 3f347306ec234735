"""Tools for backup and recovery: keys, backups, restore, a move to another database, and what was sent since a backup.

`digest.delivery.high_water` and `digest.delivery.sent_log` keep the records outside the database that this reads.
"""
