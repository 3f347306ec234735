"""Papers come in: sources are read, and each record of what they say finds its paper.

collecting, catching_up, enriching → papers.ingest; client, turns, attempts, health watch over it
"""
