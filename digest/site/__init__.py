"""The content of the public pages, feeds and sitemaps: archive, topics, citations, thumbnails."""
