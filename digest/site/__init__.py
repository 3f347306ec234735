"""What the public pages, feeds and search engines get: archive, topics, citations, pictures, sitemaps."""
