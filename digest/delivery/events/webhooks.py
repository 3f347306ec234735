"""Webhooks for providers' events: django-anymail's views, each behind an authentication of the provider.

A provider's webhook is open only if its signing key or WEBHOOK_SECRET is set. Otherwise any stranger could report a
complaint, and have any address suppressed.
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
    """The webhook of one provider: django-anymail's view, and the setting of the signing key.

    If the key `must_be_set`, django-anymail accepts no request without it.
    """

    view: str  # below anymail.webhooks
    key: str = ""  # below ANYMAIL
    must_be_set: bool = False


WEBHOOKS = {
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
FALLBACK_KEYS = {"MAILGUN_WEBHOOK_SIGNING_KEY": "MAILGUN_API_KEY"}
SIGNED_WITHOUT_BODY = {"mailgun"}  # its signature covers only a time and a token, and would fit any other request


def is_open(provider: str) -> bool:
    """Return whether requests of `provider` can be authenticated."""
    webhook = WEBHOOKS.get(provider)
    if webhook is None:
        return False
    if webhook.key and not unset_key_of(provider):
        return True
    return not webhook.must_be_set and bool(settings.ANYMAIL.get("WEBHOOK_SECRET"))


def unset_key_of(provider: str) -> str:
    """Return the setting (below ANYMAIL) of the signing key of `provider` if it is missing, else ""."""
    key = WEBHOOKS[provider].key
    return "" if any(settings.ANYMAIL.get(name) for name in (key, FALLBACK_KEYS.get(key)) if name) else key


def providers_in_use() -> list[str]:
    """Return the providers that send our digests and have a webhook."""
    return [name for name in failover.names() if name in WEBHOOKS]


@csrf_exempt
def tracking(request: HttpRequest, provider: str) -> HttpResponse:
    """Record the events in a request of `provider`. If a request can't be read, the provider repeats it."""
    if provider not in WEBHOOKS:
        raise Http404
    if request.method == "HEAD":
        return HttpResponse()  # Mandrill checks the URL before it shows the signing key
    if not is_open(provider):
        raise Http404
    with collecting_events() as events:
        try:
            answer: HttpResponse = view_of(WEBHOOKS[provider].view)(request)
        except (SuspiciousOperation, Http404):
            raise
        except Exception as error:
            logger.warning("A request of %s can't be read: %s", provider, brief(error))
            return HttpResponseBadRequest("This can't be read.")
    with transaction.atomic() if provider in SIGNED_WITHOUT_BODY else nullcontext():
        if events and provider in SIGNED_WITHOUT_BODY:
            signatures.use_once(request, now=clock.now())
        record_all(events)
    return answer
