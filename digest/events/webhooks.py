"""Where providers' reports come in: django-anymail's own views, each behind what proves who is talking.

A provider's door is open only where that proof is set up: its signing key, or WEBHOOK_SECRET. Else anybody could report
a complaint, and have any address suppressed.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.views.decorators.csrf import csrf_exempt

from digest.events.recording import Told, record_all
from digest.providers import fallback

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Door:
    """One provider's reports: which view reads them, and which setting holds the key they are signed with.

    Where the key `must_be_set`, django-anymail accepts nothing without it.
    """

    view: str  # below anymail.webhooks
    key: str = ""  # below ANYMAIL
    must_be_set: bool = False


DOORS = {
    "amazon_ses": Door("amazon_ses.AmazonSESTrackingWebhookView"),
    "brevo": Door("brevo.BrevoTrackingWebhookView"),
    "mailersend": Door("mailersend.MailerSendTrackingWebhookView", "MAILERSEND_SIGNING_SECRET", True),
    "mailgun": Door("mailgun.MailgunTrackingWebhookView", "MAILGUN_WEBHOOK_SIGNING_KEY", True),
    "mailjet": Door("mailjet.MailjetTrackingWebhookView"),
    "mailtrap": Door("mailtrap.MailtrapTrackingWebhookView", "MAILTRAP_TRACKING_SECRET"),
    "mandrill": Door("mandrill.MandrillCombinedWebhookView", "MANDRILL_WEBHOOK_KEY", True),
    "postal": Door("postal.PostalTrackingWebhookView", "POSTAL_WEBHOOK_KEY", True),
    "postmark": Door("postmark.PostmarkTrackingWebhookView"),
    "resend": Door("resend.ResendTrackingWebhookView", "RESEND_SIGNING_SECRET"),
    "sendgrid": Door("sendgrid.SendGridTrackingWebhookView", "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY"),
    "sparkpost": Door("sparkpost.SparkPostTrackingWebhookView"),
    "unisender_go": Door("unisender_go.UnisenderGoTrackingWebhookView", "UNISENDER_GO_API_KEY", True),
}
ELSE_SIGNED_WITH = {"MAILGUN_WEBHOOK_SIGNING_KEY": "MAILGUN_API_KEY"}

_gathered: ContextVar[list[Told] | None] = ContextVar("gathered", default=None)


def is_open(provider: str) -> bool:
    """Whether reports of `provider` can prove who they are from."""
    door = DOORS.get(provider)
    if door is None:
        return False
    if door.key and not unset_key_of(provider):
        return True
    return not door.must_be_set and bool(settings.ANYMAIL.get("WEBHOOK_SECRET"))


def unset_key_of(provider: str) -> str:
    """The setting for the key of `provider`, below ANYMAIL, if it signs and the key is not there; else nothing."""
    key = DOORS[provider].key
    return "" if any(settings.ANYMAIL.get(name) for name in (key, ELSE_SIGNED_WITH.get(key)) if name) else key


def providers_in_use() -> list[str]:
    """Those that we hand mail to, and that have reports."""
    return [name for name in fallback.names() if name in DOORS]


@csrf_exempt
def tracking(request: HttpRequest, provider: str) -> HttpResponse:
    """Take in what `provider` reports, all of it or nothing. What can't be read is refused, and told again by it."""
    if not is_open(provider):
        raise Http404
    module, _, name = DOORS[provider].view.partition(".")
    view: Any = getattr(import_module(f"anymail.webhooks.{module}"), name).as_view()
    with gathering() as told:
        try:
            answer: HttpResponse = view(request)
        except (SuspiciousOperation, Http404):
            raise
        except Exception:
            logger.exception("A report of %s can't be read", provider)
            return HttpResponseBadRequest("This can't be read.")
    record_all(told)
    return answer


@contextmanager
def gathering() -> Iterator[list[Told]]:
    """Within, `hear` keeps what is told for whoever gathers."""
    told: list[Told] = []
    token = _gathered.set(told)
    try:
        yield told
    finally:
        _gathered.reset(token)


def hear(told: Told) -> None:
    """Keep what is told for whoever gathers; where nobody does, it is recorded at once."""
    gathered = _gathered.get()
    if gathered is None:
        record_all([told])
    else:
        gathered.append(told)
