"""Limit how many emails are sent per second and per day. All workers on all machines share the limits.

    rate_settings (parses the settings) → rate_limiter (may this email be sent now?) → token_bucket in redis_store or
    database_store; daily_quota

The rate limiter is consulted once per email. It takes several tokens from the store at a time, so that it nearly always
answers from memory.

These are token buckets: an email that finds none waits. `subscriptions.security.abuse_limits` instead limits what
visitors do (form posts, links sent): it counts uses in a sliding window, and refuses those above the limit.
"""
