"""Send emails over the providers' HTTP APIs, with django-anymail.

    parsed_email → merge_variables (what readers' emails have in common) → client → responses (for each reader)
    api_transport drives them; failover chooses the provider; idempotency makes the keys

Readers whose emails differ only in their own links share one call where the provider can fill in such values; some
providers take different emails in one call; all others get one call for each email, several at once.
"""
