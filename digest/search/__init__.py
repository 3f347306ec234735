"""Search over all papers, previews of digests, suggestions of filters, and similar papers."""
