"""One reader's digest: the query profile, embeddings, the selection of papers, and the effect of feedback on it."""
