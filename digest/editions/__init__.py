"""Editions: the day's papers are published, and digests know which papers and which hour are theirs."""
