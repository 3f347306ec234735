"""Papers come in: sources are read, what they say becomes records, and each record finds its paper.

collecting, catching_up, enriching → records → identity → papers.ingest; attempts, turns, health watch over it
"""
