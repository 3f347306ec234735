"""Read sources and store their papers.

fetcher, backfill and enrichment call papers.ingest. http_client and host_throttle reach the sources; fetch_log and
source_health say how they do; source_preview, opml and opml_import are for adding sources in the admin.
"""
