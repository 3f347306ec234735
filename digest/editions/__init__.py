"""Editions: the day's papers, their publication, and the papers and the hour of each reader's digest."""
