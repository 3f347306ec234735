"""How long is kept what became of mails: counted by day, and then forgotten.

totals (each day that is over is counted) → pruning (what is old is deleted, some thousand rows at a time)
"""
