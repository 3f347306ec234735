"""Papers come in: sources are read, and each record of what they say finds its paper.

collecting, catching_up, enriching → identity → papers.ingest; attempts, turns, health watch over it
"""
