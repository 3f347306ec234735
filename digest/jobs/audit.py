"""The audit log, for the code of this app. It is in `subscriptions`, because the admin of readers writes it, too."""

from subscriptions.audit import record, record_rows

__all__ = ["record", "record_rows"]
