"""Papers: one work is one paper, however many sources list it, and under different keys.

upsert turns records into papers or adds to them, deduplication finds the paper that a record is about, and
topic_assignment finds the topics of published papers.
"""

from digest.papers.upsert import IngestResult, enrich, ingest, lock_ingest

__all__ = ["IngestResult", "enrich", "ingest", "lock_ingest"]
