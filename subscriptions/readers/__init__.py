"""Readers: sign-up, confirmation, preferences, address changes, consents, export and erasure."""
