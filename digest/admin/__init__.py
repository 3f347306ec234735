"""What came in, what went out, what failed and why. Nothing here can send a mail twice."""

from digest.admin import deliveries, editions, opinions, papers, sources

__all__ = ["deliveries", "editions", "opinions", "papers", "sources"]
