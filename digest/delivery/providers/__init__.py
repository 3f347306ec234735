"""Send emails over the providers' HTTP APIs, with django-anymail.

    parsed_email → merge_variables (what readers' emails have in common) → client → responses (one outcome per reader)
    api_transport drives them; failover chooses the provider; idempotency makes the keys

If a provider supports merge variables, readers with the same digest share one call, and the provider fills in each
reader's links. Some providers take different emails in one call. All others get one call per email, several at once.
"""
