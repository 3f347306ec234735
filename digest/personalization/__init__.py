"""One reader's digest: profiles, embeddings, the selection of papers, and what feedback changes in it."""
