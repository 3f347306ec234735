"""Limit how fast, and how many a day, emails may leave: together over all workers of all machines.

    rate_settings (what the settings say) → rate_limiter (may this email leave now?) → token_bucket in redis_store or
    database_store; daily_quota

A rate limiter is asked once for each email. It takes several tokens from the store at a time, so that it nearly always
answers from memory.
"""
