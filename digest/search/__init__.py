"""Finding papers, and what to follow: search over all papers, a preview of what wishes bring, suggestions, likeness."""
