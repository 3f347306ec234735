"""Accounts of staff: logins and their limits, the second factor, sessions that end, and ready-made roles."""
