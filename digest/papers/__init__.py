"""Papers: one work is one paper, whichever sources list it, under whatever keys.

ingesting (records become papers, or add to them), by identity (which paper a record is about)
"""

from digest.papers.upsert import IngestResult, enrich, ingest, lock_ingest

__all__ = ["IngestResult", "enrich", "ingest", "lock_ingest"]
