"""Transactional emails: their texts, and the queue that sends them."""
