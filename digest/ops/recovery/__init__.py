"""The tools of an operator who goes back: keys, backup, restore, a move to another database, and counting as sent.

`digest.delivery.high_water` and `digest.delivery.sent_log` keep the records outside the database that this reads.
"""
