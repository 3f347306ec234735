"""The admin of papers, editions and deliveries. No action sends an email twice, except those that say so."""

from digest.admin import (
    brand,
    deliveries,
    editions,
    opinions,
    papers,
    pauses,
    periodic_tasks,
    readers,
    sources,
    topics,
    totals,
)

__all__ = [
    "brand",
    "deliveries",
    "editions",
    "opinions",
    "papers",
    "pauses",
    "periodic_tasks",
    "readers",
    "sources",
    "topics",
    "totals",
]
