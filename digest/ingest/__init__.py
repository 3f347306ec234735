"""Read sources and store their papers.

fetcher, backfill and enrichment store papers through papers.ingest. source_client makes the HTTP client, and throttles
it. fetch_log records each attempt, and source_health finds the sources that keep failing. source_preview, opml and
opml_import are for adding sources in the admin.
"""
