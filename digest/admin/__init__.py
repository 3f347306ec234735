"""The admin of papers, editions and deliveries. No action sends an email twice, except those that say so."""

from digest.admin import (
    api_tokens,
    audit,
    brand,
    deliveries,
    editions,
    imports,
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
    "api_tokens",
    "audit",
    "brand",
    "deliveries",
    "editions",
    "imports",
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
