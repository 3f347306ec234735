"""Where providers' reports come in: django-anymail's own views, each behind what proves who is talking.

A provider's door is open only where that proof is set up: its signing key, or WEBHOOK_SECRET. Else anybody could report
a complaint, and have any address suppressed.
"""

import logging
from contextlib import nullcontext
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.views.decorators.csrf import csrf_exempt

from digest import clock
from digest.delivery.events import signatures
from digest.delivery.events.event_store import brief, record_all
from digest.delivery.events.report_parser import collecting_events, view_of
from digest.delivery.providers import failover

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WebhookProvider:
    """One provider's reports: which view reads them, and which setting holds the key they are signed with.

    Where the key `must_be_set`, django-anymail accepts nothing without it.
    """

    view: str  # below anymail.webhooks
    key: str = ""  # below ANYMAIL
    must_be_set: bool = False


DOORS = {
    "amazon_ses": WebhookProvider("amazon_ses.AmazonSESTrackingWebhookView"),
    "brevo": WebhookProvider("brevo.BrevoTrackingWebhookView"),
    "mailersend": WebhookProvider("mailersend.MailerSendTrackingWebhookView", "MAILERSEND_SIGNING_SECRET", True),
    "mailgun": WebhookProvider("mailgun.MailgunTrackingWebhookView", "MAILGUN_WEBHOOK_SIGNING_KEY", True),
    "mailjet": WebhookProvider("mailjet.MailjetTrackingWebhookView"),
    "mailtrap": WebhookProvider("mailtrap.MailtrapTrackingWebhookView", "MAILTRAP_TRACKING_SECRET"),
    "mandrill": WebhookProvider("mandrill.MandrillCombinedWebhookView", "MANDRILL_WEBHOOK_KEY", True),
    "postal": WebhookProvider("postal.PostalTrackingWebhookView", "POSTAL_WEBHOOK_KEY", True),
    "postmark": WebhookProvider("postmark.PostmarkTrackingWebhookView"),
    "resend": WebhookProvider("resend.ResendTrackingWebhookView", "RESEND_SIGNING_SECRET"),
    "sendgrid": WebhookProvider("sendgrid.SendGridTrackingWebhookView", "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY"),
    "sparkpost": WebhookProvider("sparkpost.SparkPostTrackingWebhookView"),
    "unisender_go": WebhookProvider("unisender_go.UnisenderGoTrackingWebhookView", "UNISENDER_GO_API_KEY", True),
}
ELSE_SIGNED_WITH = {"MAILGUN_WEBHOOK_SIGNING_KEY": "MAILGUN_API_KEY"}
SIGNED_WITHOUT_BODY = {"mailgun"}  # its signature covers a time and a token alone, and would fit any other report


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
    return [name for name in failover.names() if name in DOORS]


@csrf_exempt
def tracking(request: HttpRequest, provider: str) -> HttpResponse:
    """Take in what `provider` reports. A request that can't be read at all is refused, and sent again by it."""
    if provider not in DOORS:
        raise Http404
    if request.method == "HEAD":
        return HttpResponse()  # Mandrill looks for the address before it gives out the key that proves its reports
    if not is_open(provider):
        raise Http404
    with collecting_events() as told:
        try:
            answer: HttpResponse = view_of(DOORS[provider].view)(request)
        except (SuspiciousOperation, Http404):
            raise
        except Exception as error:
            logger.warning("A request of %s can't be read: %s", provider, brief(error))
            return HttpResponseBadRequest("This can't be read.")
    with transaction.atomic() if provider in SIGNED_WITHOUT_BODY else nullcontext():
        if told and provider in SIGNED_WITHOUT_BODY:
            signatures.use_once(request, now=clock.now())
        record_all(told)
    return answer
