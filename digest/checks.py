"""What an operator should know before readers find out: `manage.py check --deploy`."""

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register(Tags.security, deploy=True)
def check_links(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not os.environ.get("SECRET_KEY"):
        hint = "Every machine must sign links alike. Set the same key on all."
        found.append(Error("SECRET_KEY is not set.", hint=hint, id="digest.E001"))
    if not settings.SITE_URL.startswith("https://"):
        hint = "One-click unsubscription (RFC 8058) needs https."
        found.append(Warning(f"SITE_URL is {settings.SITE_URL}.", hint=hint, id="digest.W001"))
    return found


@register(Tags.security, deploy=True)
def check_mail(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.EMAIL_BACKEND == "subscriptions.outbox.EmailBackend":
        hint = "Set EMAIL_URL, or EMAIL_BACKEND and ANYMAIL_…"
        found.append(Warning("Mails go to the outbox folder only.", hint=hint, id="digest.W002"))
    if not settings.POSTAL_ADDRESS:
        hint = "Many countries require one in every newsletter."
        found.append(Warning("POSTAL_ADDRESS is empty.", hint=hint, id="digest.W003"))
    if settings.EMAIL_BACKEND.startswith("anymail.") and not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        hint = "Anybody could report bounces. Set it to user:password."
        found.append(Error("ANYMAIL_WEBHOOK_SECRET is not set.", hint=hint, id="digest.E002"))
    return found


@register()
def check_site_url(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.SITE_URL.startswith(("http://", "https://")):
        return []
    return [
        Error(
            f"SITE_URL is “{settings.SITE_URL}”.",
            hint="Write it with its scheme: https://papers.example.org.",
            id="digest.E003",
        )
    ]
