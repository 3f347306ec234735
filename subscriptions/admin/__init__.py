"""Readers, topics, suppressions and logs in the admin."""

from subscriptions.admin import logs, readers, suppressions, topics

__all__ = ["logs", "readers", "suppressions", "topics"]
