"""Readers, topics, suppressions and logs in the admin."""

from subscriptions.admin import catalogues, logs, readers, suppressions, topics

__all__ = ["catalogues", "logs", "readers", "suppressions", "topics"]
