"""The admin of papers, editions and deliveries. No action sends an email twice, except those that say so."""

from digest.admin import (
    audit,
    brand,
    deliveries,
    editions,
    installation,
    jobs,
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
    "audit",
    "brand",
    "deliveries",
    "editions",
    "installation",
    "jobs",
    "opinions",
    "papers",
    "pauses",
    "periodic_tasks",
    "readers",
    "sources",
    "topics",
    "totals",
]
