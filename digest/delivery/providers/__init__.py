"""Mail by the providers' programming interfaces, as django-anymail speaks them.

    letters (a mail, opened) → sharing (what readers have in common) → calls → answers (for each reader) → api
    fallback (which provider's turn it is)

Readers whose mails differ in nothing but their own links share one call where the provider can fill in such values;
others take different mails in one call; the rest get a call for each mail, several at once.
"""
