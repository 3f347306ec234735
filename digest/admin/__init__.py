"""What came in, what went out, what failed and why. Nothing here can send a mail twice."""

from digest.admin import brand, deliveries, editions, opinions, papers, pauses, periodic_tasks, sources, totals

__all__ = ["brand", "deliveries", "editions", "opinions", "papers", "pauses", "periodic_tasks", "sources", "totals"]
