"""What an operator should know before readers find out: `manage.py check --deploy`."""

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.mail import get_connection
from django.db import connection

from digest.delivery.events import webhooks
from digest.delivery.providers.capabilities import SMTP, backend_of
from digest.matching.similarity import missing_packages
from subscriptions import brand, outbox

OTHERS = 0o077  # the permissions of the group and of all other users


@register(Tags.security, deploy=True)
def check_links(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not os.environ.get("SECRET_KEY") and connection.vendor != "sqlite":  # which is on one machine, as is VAR_DIR
        hint = f"Every machine must sign links alike. Set the same key on all; this one's is in {settings.VAR_DIR}."
        found.append(Error("SECRET_KEY is not set.", hint=hint, id="digest.E001"))
    if settings.SECRET_KEY_FALLBACKS and settings.ADDRESS_HASH_KEY == settings.SECRET_KEY:
        hint = "Set it to the first key that was in use: by that one suppressed addresses are known."
        found.append(Error("SECRET_KEY was changed without ADDRESS_HASH_KEY.", hint=hint, id="digest.E010"))
    if not settings.SITE_URL.startswith("https://"):
        hint = "One-click unsubscription (RFC 8058) needs https."
        found.append(Warning(f"SITE_URL is {settings.SITE_URL}.", hint=hint, id="digest.W001"))
    elif not settings.SESSION_COOKIE_SECURE:
        hint = "Set it to true if a proxy ends TLS in front: then the admin's cookies are kept to https."
        found.append(Warning("BEHIND_HTTPS_PROXY is not set.", hint=hint, id="digest.W004"))
    return found


@register(Tags.security, deploy=True)
def check_files(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report what other users of this machine can read. Every start closes it, unless another user owns it."""
    found = [path for path in settings.PRIVATE_PATHS if path.exists() and path.stat().st_mode & OTHERS]
    hint = "Readers' addresses and keys are in there: chmod go= it, as its owner."
    return [Warning(f"{path} is open to other users of this machine.", hint=hint, id="digest.W007") for path in found]


@register(Tags.security, deploy=True)
def check_mail(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if outbox.is_in_use():
        hint = "Set EMAIL_URL, or EMAIL_BACKEND and ANYMAIL_…"
        found.append(Warning("Mails go to the outbox folder only.", hint=hint, id="digest.W002"))
    elif brand.current().sender_domain == "localhost":
        hint = "Most mail servers refuse that. Set FROM_EMAIL, or write the sender into the brand in the admin."
        found.append(Error(f"Mails come from {brand.current().sender}.", hint=hint, id="digest.E011"))
    if not brand.current().postal_address:
        found.append(_no_postal_address())
    return found


@register(Tags.security, deploy=True)
def check_broker(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether web and worker hear each other. SQLite is for one process, whose broker may be in memory."""
    if connection.vendor == "sqlite" or not settings.CELERY_BROKER_URL.startswith("memory:"):
        return []
    hint = (
        "gunicorn, celery worker and beat hear each other by Redis: redis://host:6379/0. `allinone` alone needs none."
    )
    return [Warning("CELERY_BROKER_URL is not set.", hint=hint, id="digest.W006")]


@register(Tags.security, deploy=True)
def check_webhooks(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether the providers' reports can come in, and nobody else's."""
    found: list[CheckMessage] = []
    for provider in webhooks.providers_in_use():
        key = webhooks.unset_key_of(provider)
        if key:
            hint = f"{provider} signs its reports of bounces and complaints: its dashboard shows the key."
            found.append(Error(f"ANYMAIL_{key} is not set.", hint=hint, id="digest.E004"))
        elif not webhooks.is_open(provider):
            hint = "Set it to user:password, and give the provider https://user:password@… Else no report can come in."
            found.append(Error("ANYMAIL_WEBHOOK_SECRET is not set.", hint=hint, id="digest.E002"))
    return found


def _no_postal_address() -> CheckMessage:
    hint = (
        "Many countries require one in every newsletter. Set POSTAL_ADDRESS, or write it into the brand in the admin."
    )
    if settings.REQUIRE_POSTAL_ADDRESS:
        return Error("There is no postal address: no digest will be sent.", hint=hint, id="digest.E005")
    return Warning("There is no postal address.", hint=hint, id="digest.W003")


@register()
def check_meaning(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    missing = missing_packages() if settings.MATCH_BY_MEANING else []
    if not missing:
        return []
    hint = "Install what requirements.txt lists, or set MATCH_BY_MEANING=0 if that is what you want."
    return [Warning(f"Matching works on words alone: {', '.join(missing)} not installed.", hint=hint, id="digest.W005")]


@register()
def check_providers(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether those who are to hand mail over have what they want."""
    found: list[CheckMessage] = []
    named = [backend_of(name) for name in settings.EMAIL_PROVIDERS if name != SMTP]
    for backend in named or [settings.EMAIL_BACKEND]:
        try:
            get_connection(backend)
        except Exception as error:
            hint = "What a provider wants is set in the environment, by names that begin with ANYMAIL_."
            found.append(Error(f"No mail can leave by {backend}: {error}", hint=hint, id="digest.E009"))
    return found
