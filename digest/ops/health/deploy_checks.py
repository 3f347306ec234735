"""Checks for `manage.py check --deploy` of what surrounds the site: the database, the broker, alerts and keys."""

from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, InterfaceError

from digest.ops.health import broker, channels, schema
from digest.ops.health.broker import BrokerError
from digest.ops.recovery import releases

# The doctor says more about these.
EXAMINED_BY_DOCTOR = ("digest.E012", "digest.E013", "digest.E014", "digest.W010")


@register(Tags.security, deploy=True)
def check_database(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        present = schema.applied()
        missing = schema.missing(present)
    except (DatabaseError, InterfaceError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return [Error(f"The database can't be used: {reason}", hint="Check DATABASE_URL.", id="digest.E012")]
    if missing:
        hint = f"Run manage.py migrate. Missing: {', '.join(missing[:3])}{' …' if len(missing) > 3 else ''}."
        return [Error("The database lacks migrations of this version.", hint=hint, id="digest.E013")]
    if newer := releases.newer_among(present):
        said = f"The database was migrated by a newer release ({newer[-1]})."
        return [Error(said, hint=releases.WHAT_TO_DO, id="digest.E015")]
    return []


@register(Tags.security, deploy=True)
def check_broker_answers(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        broker.depths()
    except BrokerError as error:
        hint = "Start Redis, and check CELERY_BROKER_URL."
        return [Error(f"The broker does not answer: {error}.", hint=hint, id="digest.E014")]
    return []


@register(Tags.security, deploy=True)
def check_alerts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if channels.exist():
        return []
    hint = (
        "Set OPERATORS=you@example.org, and ALERT_URL to an app or a chat, such as ntfy+https://ntfy.sh/a-secret-topic."
    )
    return [Warning("No one is alerted if something goes wrong.", hint=hint, id="digest.W010")]


@register(Tags.security, deploy=True)
def check_encryption_of_mail(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report a mail server elsewhere that gets a password, or readers' digests, without encryption."""
    is_encrypted = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    if not settings.HAS_SMTP_SERVER or is_encrypted or _is_loopback(settings.EMAIL_HOST):
        return []
    hint = "Write EMAIL_URL=smtp+tls://… (port 587) or smtp+ssl://… (port 465)."
    return [Warning(f"Emails go to {settings.EMAIL_HOST} without encryption.", hint=hint, id="digest.W011")]


@register(Tags.security, deploy=True)
def check_kept_key(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report a SECRET_KEY that differs from the one that an earlier start stored in VAR_DIR."""
    try:
        kept = (settings.VAR_DIR / "secret_key").read_text().strip()
    except OSError:
        return []
    if not kept or kept in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        return []
    hint = (
        f"If readers got emails with the other key, set SECRET_KEY to the one in {settings.VAR_DIR / 'secret_key'}, "
        "or add it to SECRET_KEY_FALLBACKS. Otherwise delete the file."
    )
    return [Warning("SECRET_KEY differs from the one in VAR_DIR.", hint=hint, id="digest.W012")]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
