"""System checks for `manage.py check --deploy`: mistakes in the settings that readers would notice."""

import stat
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.mail import get_connection
from django.db import connection

from digest.delivery.events import webhooks
from digest.delivery.providers.capabilities import SMTP, backend_of
from digest.matching.similarity import missing_packages
from subscriptions import brand, outbox


@register(Tags.security, deploy=True)
def check_links(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    # With SQLite there is one machine, and it finds its key in VAR_DIR.
    if not settings.HAS_OWN_SECRET_KEY and connection.vendor != "sqlite":
        hint = (
            "All machines must sign links with the same key. Set SECRET_KEY to the same value on each; "
            f"this machine's key is in {settings.VAR_DIR}."
        )
        messages.append(Error("SECRET_KEY is not set.", hint=hint, id="digest.E001"))
    if settings.SECRET_KEY_FALLBACKS and settings.ADDRESS_HASH_KEY == settings.SECRET_KEY:
        hint = "Set it to the first key that was in use. Otherwise suppressed addresses are no longer recognized."
        messages.append(Error("SECRET_KEY was changed without ADDRESS_HASH_KEY.", hint=hint, id="digest.E010"))
    if not settings.SITE_URL.startswith("https://"):
        hint = (
            "Email programs offer one-click unsubscription (RFC 8058) only for https. Serve the site through a proxy "
            "with a certificate, and set SITE_URL=https://…"
        )
        messages.append(Warning(f"SITE_URL is {settings.SITE_URL}.", hint=hint, id="digest.W001"))
    elif not settings.SESSION_COOKIE_SECURE:
        hint = "Set it to true if a proxy terminates TLS. Then the admin's cookies are sent by https only."
        messages.append(Warning("BEHIND_HTTPS_PROXY is not set.", hint=hint, id="digest.W004"))
    return messages


@register(Tags.security, deploy=True)
def check_logins(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.REQUIRE_SECOND_FACTOR != "off":
        return []
    hint = "Set REQUIRE_SECOND_FACTOR=staff: every staff account sets up an authenticator app at its next login."
    return [Warning("A password alone opens the admin.", hint=hint, id="digest.W020")]


@register(Tags.security, deploy=True)
def check_files(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report files that other users of this machine can read. Each start restricts them, if our user owns them."""
    exposed = [
        path for path in settings.PRIVATE_PATHS if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    hint = "It holds readers' addresses or keys. Run chmod go= on it, as its owner."
    return [Warning(f"Other users of this machine can read {path}.", hint=hint, id="digest.W007") for path in exposed]


@register(Tags.security, deploy=True)
def check_mail(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    if outbox.is_in_use():
        hint = (
            "Set EMAIL_URL=smtp+tls://user:password@mail.example.org:587, or a provider and its key, such as "
            "EMAIL_PROVIDERS=postmark and ANYMAIL_POSTMARK_SERVER_TOKEN."
        )
        messages.append(
            Warning("Emails are only written to files and don’t reach anyone.", hint=hint, id="digest.W002")
        )
    elif brand.current().sender_domain == "localhost":
        hint = "Most mail servers refuse this sender. Enter another in the admin under Brand, or set FROM_EMAIL."
        messages.append(Error(f"Emails are sent from {brand.current().sender}.", hint=hint, id="digest.E011"))
    if not brand.current().postal_address:
        messages.append(_no_postal_address())
    return messages


@register(Tags.security, deploy=True)
def check_broker(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check that the web server and the workers share a broker. With SQLite there is one process, which needs none."""
    if connection.vendor == "sqlite" or not settings.CELERY_BROKER_URL.startswith("memory:"):
        return []
    hint = "gunicorn, the Celery worker and beat need a common broker: redis://host:6379/0. Only `allinone` needs none."
    return [Warning("CELERY_BROKER_URL is not set.", hint=hint, id="digest.W006")]


@register(Tags.security, deploy=True)
def check_webhooks(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check that the webhooks accept the providers' reports, and no others."""
    messages: list[CheckMessage] = []
    for provider in webhooks.providers_in_use():
        key = webhooks.unset_key_of(provider)
        if key:
            hint = f"{provider} signs its reports of bounces and complaints. Its dashboard shows the key."
            messages.append(Error(f"ANYMAIL_{key} is not set.", hint=hint, id="digest.E004"))
        elif not webhooks.is_open(provider):
            hint = (
                "Set it to user:password, and give the provider a webhook address with https://user:password@… "
                "Otherwise its reports are refused."
            )
            messages.append(Error("ANYMAIL_WEBHOOK_SECRET is not set.", hint=hint, id="digest.E002"))
    return messages


@register(Tags.security, deploy=True)
def check_judge(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check that readers' words travel encrypted to the language model, and that readers can know about it."""
    messages: list[CheckMessage] = []
    address = urlsplit(settings.JUDGE_API_URL)
    if address.scheme == "http" and not _is_private(address.hostname or ""):
        hint = "Readers' words are sent there. Use https, or a server in your own network."
        messages.append(Warning(f"JUDGE_API_URL is {settings.JUDGE_API_URL}.", hint=hint, id="digest.W008"))
    if address.hostname and settings.PRIVACY_TEXT and address.hostname not in settings.PRIVACY_TEXT:
        hint = f"Say there that the words that readers follow are sent to {address.hostname}."
        messages.append(Warning("PRIVACY_TEXT does not mention JUDGE_API_URL.", hint=hint, id="digest.W009"))
    return messages


def _is_private(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan"))


def _no_postal_address() -> CheckMessage:
    hint = "Many countries require one in every newsletter. Enter it in the admin under Brand, or set POSTAL_ADDRESS."
    if settings.REQUIRE_POSTAL_ADDRESS:
        return Error("There is no postal address: no digest will be sent.", hint=hint, id="digest.E005")
    return Warning("There is no postal address.", hint=hint, id="digest.W003")


@register()
def check_meaning(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    missing = missing_packages() if settings.MATCH_BY_MEANING else []
    if not missing:
        return []
    hint = "Install the packages in requirements.txt, or set MATCH_BY_MEANING=0 to match by words only."
    message = f"Papers are matched by words only, because these packages are missing: {', '.join(missing)}."
    return [Warning(message, hint=hint, id="digest.W005")]


@register()
def check_providers(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check that each email provider has the settings that it needs."""
    messages: list[CheckMessage] = []
    backends = [backend_of(name) for name in settings.EMAIL_PROVIDERS if name != SMTP]
    for backend in backends or [settings.EMAIL_BACKEND]:
        try:
            get_connection(backend)
        except Exception as error:
            hint = "The settings of a provider are environment variables that begin with ANYMAIL_."
            messages.append(Error(f"{backend} can't send emails: {error}", hint=hint, id="digest.E009"))
    return messages
