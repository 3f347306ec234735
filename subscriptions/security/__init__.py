"""Tokens in links, rate limits, the check for bots, client addresses, and the policy for framed emails."""
