"""Papers: one work is one paper, whichever sources list it, under whatever keys.

upsert turns records into papers, or adds to them; deduplication finds the paper that a record is about;
topic_assignment finds the topics of published papers.
"""

from digest.papers.upsert import IngestResult, enrich, ingest, lock_ingest

__all__ = ["IngestResult", "enrich", "ingest", "lock_ingest"]
