"""Events in the formats that providers document, about invented emails, with each provider's signature."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from svix.webhooks import Webhook

SECRET = "papers:not-guessed"
KEY = "a-key-of-ours"
SVIX_KEY = "whsec_" + base64.b64encode(b"twenty-four bytes of key").decode()
AT = dt.datetime(2026, 8, 20, 12, 0, 5, tzinfo=dt.UTC)
EPOCH = int(AT.timestamp())
BASIC = {"Authorization": "Basic " + base64.b64encode(SECRET.encode()).decode()}


@dataclass(frozen=True)
class Post:
    """One request of a provider."""

    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@cache
def postal_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def sendgrid_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """Return the public key as both providers' dashboards show it: base64 without the PEM frame."""
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def keys() -> dict[str, Any]:
    """Return the settings of an installation that uses all of them, each with its signing key."""
    return {
        "MAILERSEND_SIGNING_SECRET": KEY,
        "MAILGUN_WEBHOOK_SIGNING_KEY": KEY,
        "MAILTRAP_TRACKING_SECRET": KEY,
        "MANDRILL_WEBHOOK_KEY": KEY,
        "POSTAL_WEBHOOK_KEY": public(postal_key()),
        "RESEND_SIGNING_SECRET": SVIX_KEY,
        "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": public(sendgrid_key()),
        "UNISENDER_GO_API_KEY": KEY,
    }


def _json(provider: str, payload: Any, **headers: str) -> Post:
    return Post(f"/anymail/{provider}/tracking/", json.dumps(payload).encode(), headers)


def _signed(provider: str, payload: Any, header: str) -> Post:
    body = json.dumps(payload).encode()
    signature = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
    return Post(f"/anymail/{provider}/tracking/", body, {header: signature})


def amazon_ses(what: dict[str, Any], to: str, delivery: int) -> Post:
    mail = {
        "messageId": "0100-ses",
        "destination": [to],
        "headers": [{"name": "X-Metadata", "value": json.dumps({"delivery": str(delivery)})}],
    }
    key = f"sns-{sorted(what.items())}"
    notice = {
        "Type": "Notification",
        "MessageId": key,
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:papers",
        "Message": json.dumps({"mail": mail} | json.loads(json.dumps(what).replace("<to>", to))),
        "Timestamp": AT.isoformat(),
    }
    headers = {"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": key}
    return Post("/anymail/amazon_ses/tracking/", json.dumps(notice).encode(), BASIC | headers)


def brevo(what: dict[str, Any], to: str, delivery: int) -> Post:
    common = {
        "id": 4,
        "email": to,
        "message-id": "<1@relay.example>",
        "ts_epoch": EPOCH * 1000,
        "X-Mailin-custom": json.dumps({"delivery": str(delivery)}),
    }
    return _json("brevo", common | what, **BASIC)


def mailersend(what: dict[str, Any], to: str, delivery: int) -> Post:
    # It returns no metadata: the delivery is found by the id that the provider gave the email.
    data = {
        "object": "activity",
        "id": f"ms-{what['type']}",
        "created_at": AT.isoformat(),
        "email": {"message": {"id": f"provider-{delivery}"}, "recipient": {"email": to}},
    }
    return _signed("mailersend", {"type": f"activity.{what['type']}", "data": data | what}, "Signature")


def mailgun(what: dict[str, Any], to: str, delivery: int) -> Post:
    token = hashlib.sha256(repr(sorted(what.items(), key=str)).encode()).hexdigest()[:50]
    signature = {"timestamp": str(int(time.time())), "token": token}
    signature["signature"] = hmac.new(
        KEY.encode(), (signature["timestamp"] + signature["token"]).encode(), hashlib.sha256
    ).hexdigest()
    event = {
        "id": f"mg-{sorted(what.items(), key=str)}",
        "timestamp": EPOCH + 0.5,
        "recipient": to,
        "message": {"headers": {"message-id": "1@mg.example.org"}},
        "user-variables": {"delivery": str(delivery)},
    }
    return _json("mailgun", {"signature": signature, "event-data": event | what})


def mailgun_legacy(what: dict[str, Any], to: str, delivery: int) -> Post:
    """Return an event in the form of Mailgun's webhooks before 2018, which some accounts still use."""
    token = hashlib.sha256(repr(sorted(what.items())).encode()).hexdigest()[:50]
    timestamp = str(int(time.time()))
    signature = hmac.new(KEY.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    variables = json.dumps([["X-Mailgun-Variables", json.dumps({"delivery": str(delivery)})]])
    fields = {"recipient": to, "message-headers": variables, "Message-Id": "<1@mg.example.org>"}
    signed = {"timestamp": timestamp, "token": token, "signature": signature}
    body = urlencode(fields | what | signed).encode()
    return Post("/anymail/mailgun/tracking/", body, {}, "application/x-www-form-urlencoded")


def mailjet(what: dict[str, Any], to: str, delivery: int) -> Post:
    common = {"time": EPOCH, "MessageID": 17, "email": to, "Payload": json.dumps({"delivery": str(delivery)})}
    return _json("mailjet", [common | what], **BASIC)


def mailtrap(what: dict[str, Any], to: str, delivery: int) -> Post:
    common = {
        "message_id": "mt-1",
        "event_id": f"mt-{what['event']}",
        "sending_stream": "bulk",
        "email": to,
        "timestamp": EPOCH,
        "custom_variables": {"delivery": str(delivery)},
    }
    return _signed("mailtrap", {"events": [common | what]}, "Mailtrap-Signature")


def mandrill(what: dict[str, Any], to: str, delivery: int) -> Post:
    msg = {"email": to, "_id": "md-1", "metadata": {"delivery": str(delivery)}} | what.pop("msg", {})
    events = json.dumps([{"ts": EPOCH, "_id": "md-1", "msg": msg} | what])
    url = f"http://{SECRET}@testserver/anymail/mandrill/"  # as it is entered in Mandrill's dashboard
    signature = hmac.new(KEY.encode(), f"{url}mandrill_events{events}".encode(), hashlib.sha1).digest()
    return Post(
        "/anymail/mandrill/",
        urlencode({"mandrill_events": events}).encode(),
        {"X-Mandrill-Signature": base64.b64encode(signature).decode()},
        "application/x-www-form-urlencoded",
    )


def postal(what: dict[str, Any], to: str, delivery: int) -> Post:
    message = {"id": f"provider-{delivery}", "direction": "outgoing", "to": to}
    name = "original_message" if "bounce" in what else "message"
    payload = {"uuid": f"po-{sorted(what)}", "timestamp": EPOCH, "payload": {name: message} | what}
    body = json.dumps(payload).encode()
    signature = postal_key().sign(body, padding.PKCS1v15(), hashes.SHA1())  # Postal's choice
    return Post("/anymail/postal/tracking/", body, {"X-Postal-Signature": base64.b64encode(signature).decode()})


def postmark(what: dict[str, Any], to: str, delivery: int) -> Post:
    common = {
        "MessageID": "pm-1",
        "Metadata": {"delivery": str(delivery)},
        "Email": to,
        "Recipient": to,
        "BouncedAt": AT.isoformat(),
    }
    return _json("postmark", common | what, **BASIC)


def resend(what: dict[str, Any], to: str, delivery: int) -> Post:
    data = {
        "email_id": "re-1",
        "to": [to],
        "headers": [{"name": "X-Metadata", "value": json.dumps({"delivery": str(delivery)})}],
    }
    payload = {"type": what["type"], "created_at": AT.isoformat(), "data": data | what.get("data", {})}
    body = json.dumps(payload)
    now = dt.datetime.now(dt.UTC)
    headers = {
        "svix-id": f"re-{what['type']}",
        "svix-timestamp": str(int(now.timestamp())),
        "svix-signature": Webhook(SVIX_KEY).sign(f"re-{what['type']}", now, body),
    }
    return Post("/anymail/resend/tracking/", body.encode(), headers)


def sendgrid(what: dict[str, Any], to: str, delivery: int) -> Post:
    common = {
        "email": to,
        "timestamp": EPOCH,
        "sg_event_id": f"sg-{sorted(what.items())}",
        "anymail_id": "sg-1",
        "delivery": str(delivery),
    }
    body = json.dumps([common | what]).encode()
    signature = sendgrid_key().sign(str(EPOCH).encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": str(EPOCH),
    }
    return Post("/anymail/sendgrid/tracking/", body, headers)


def sparkpost(what: dict[str, Any], to: str, delivery: int) -> Post:
    common = {
        "event_id": f"sp-{sorted(what.items())}",
        "timestamp": str(EPOCH),
        "transmission_id": "65",
        "raw_rcpt_to": to,
        "rcpt_meta": {"delivery": str(delivery)},
    }
    kind = "unsubscribe_event" if "unsubscribe" in what["type"] else "message_event"
    return _json("sparkpost", [{"msys": {kind: common | what}}], **BASIC)


def unisender_go(what: dict[str, Any], to: str, delivery: int) -> Post:
    data = {
        "job_id": "1ug-1",
        "metadata": {"delivery": str(delivery)},
        "email": to,
        "event_time": AT.strftime("%Y-%m-%d %H:%M:%S"),
    }
    event = {"event_name": "transactional_email_status", "event_data": data | what}
    payload = {"auth": KEY, "events_by_user": [{"user_id": 1, "events": [event]}]}
    body = json.dumps(payload).encode()
    auth = hashlib.md5(body).hexdigest()  # theirs
    return Post("/anymail/unisender_go/tracking/", body.replace(KEY.encode(), auth.encode()))


Maker = Callable[[dict[str, Any], str, int], Post]


def _ses(kind: str, **more: Any) -> dict[str, Any]:
    whom = {"Bounce": "bouncedRecipients", "Complaint": "complainedRecipients"}.get(kind)
    about = {whom: [{"emailAddress": "<to>"}]} if whom else {"recipients": ["<to>"]}
    return {"eventType": kind, kind.lower(): about | more}


def _smtp(code: str) -> dict[str, Any]:
    return {"delivery-status": {"message": f"{code} said by the mail server"}}


GONE, FULL, POLICY = "550 5.1.1", "452 4.2.2", "550 5.7.1"

# (provider, its event, the reader's status afterward)
REPORTS: list[tuple[Maker, dict[str, Any], str]] = [
    (amazon_ses, _ses("Bounce", bounceType="Permanent", bounceSubType="General"), "suppressed"),
    (amazon_ses, _ses("Bounce", bounceType="Transient", bounceSubType="MailboxFull"), "active"),
    (amazon_ses, _ses("Bounce", bounceType="Transient", bounceSubType="ContentRejected"), "active"),
    (amazon_ses, _ses("Complaint", complaintFeedbackType="abuse"), "suppressed"),
    (amazon_ses, _ses("Delivery", smtpResponse="250 ok"), "active"),
    (brevo, {"event": "hard_bounce", "reason": "unknown user"}, "suppressed"),
    (brevo, {"event": "invalid_email"}, "suppressed"),
    (brevo, {"event": "soft_bounce", "reason": FULL}, "active"),
    (brevo, {"event": "hard_bounce", "reason": POLICY}, "active"),
    (brevo, {"event": "blocked", "reason": "blocked : due to policy"}, "active"),
    (brevo, {"event": "blocked", "reason": "blocked : due to blacklist user"}, "suppressed"),
    (brevo, {"event": "spam"}, "suppressed"),
    (brevo, {"event": "unsubscribe"}, "unsubscribed"),
    (brevo, {"event": "deferred"}, "active"),
    (brevo, {"event": "delivered"}, "active"),
    (mailersend, {"type": "hard_bounced", "morph": {"object": "recipient_bounce", "reason": GONE}}, "suppressed"),
    (mailersend, {"type": "soft_bounced", "morph": {"object": "recipient_bounce", "reason": FULL}}, "active"),
    (mailersend, {"type": "spam_complaint", "morph": {"object": "spam_complaint"}}, "suppressed"),
    (mailersend, {"type": "unsubscribed", "morph": {"object": "recipient_unsubscribe"}}, "unsubscribed"),
    (mailersend, {"type": "delivered"}, "active"),
    (mailgun, {"event": "failed", "severity": "permanent", "reason": "bounce", **_smtp(GONE)}, "suppressed"),
    (mailgun, {"event": "failed", "severity": "permanent", "reason": "suppress-bounce"}, "suppressed"),
    (mailgun, {"event": "failed", "severity": "permanent", "reason": "generic", **_smtp(POLICY)}, "active"),
    (mailgun, {"event": "failed", "severity": "temporary", "reason": "generic", **_smtp(FULL)}, "active"),
    (mailgun, {"event": "complained"}, "suppressed"),
    (mailgun, {"event": "unsubscribed"}, "unsubscribed"),
    (mailgun, {"event": "delivered"}, "active"),
    (
        mailgun_legacy,
        {"event": "dropped", "code": "607", "reason": "hardfail", "description": "marked your messages as spam"},
        "suppressed",
    ),
    (
        mailgun_legacy,
        {"event": "dropped", "code": "605", "reason": "hardfail", "description": "previously bounced"},
        "suppressed",
    ),
    (mailgun_legacy, {"event": "bounced", "code": "550", "error": POLICY}, "active"),
    (mailjet, {"event": "bounce", "hard_bounce": True, "blocked": False, "error": "user unknown"}, "suppressed"),
    (mailjet, {"event": "bounce", "hard_bounce": True, "error": "user unknown", "comment": POLICY}, "suppressed"),
    (mailjet, {"event": "bounce", "hard_bounce": False, "blocked": False, "error": "quota exceeded"}, "active"),
    (mailjet, {"event": "blocked", "error_related_to": "recipient", "error": "policy issue"}, "active"),
    (mailjet, {"event": "spam", "source": "JMRPP"}, "suppressed"),
    (mailjet, {"event": "unsub", "mj_list_id": 1}, "unsubscribed"),
    (mailjet, {"event": "sent", "smtp_reply": "250 ok"}, "active"),
    (mailtrap, {"event": "bounce", "response": GONE, "response_code": 550}, "suppressed"),
    (mailtrap, {"event": "soft bounce", "response": FULL, "response_code": 452}, "active"),
    (mailtrap, {"event": "reject", "reason": "Suspected spam"}, "active"),
    (mailtrap, {"event": "spam"}, "suppressed"),
    (mailtrap, {"event": "unsubscribe"}, "unsubscribed"),
    (mailtrap, {"event": "delivery"}, "active"),
    (mandrill, {"event": "hard_bounce", "msg": {"bounce_description": "bad_mailbox", "diag": GONE}}, "suppressed"),
    (mandrill, {"event": "hard_bounce", "msg": {"bounce_description": "bad_mailbox", "diag": POLICY}}, "suppressed"),
    (mandrill, {"event": "hard_bounce", "msg": {"bounce_description": "general", "diag": POLICY}}, "active"),
    (mandrill, {"event": "soft_bounce", "msg": {"bounce_description": "mailbox_full", "diag": FULL}}, "active"),
    (mandrill, {"event": "spam"}, "suppressed"),
    (mandrill, {"event": "unsub"}, "unsubscribed"),
    (mandrill, {"event": "send"}, "active"),
    (postal, {"bounce": {"id": 5, "subject": "Undelivered"}}, "suppressed"),
    (postal, {"status": "HardFail", "details": "refused", "output": GONE}, "suppressed"),
    (postal, {"status": "HardFail", "details": "refused", "output": POLICY}, "active"),
    (postal, {"status": "SoftFail", "details": "later", "output": FULL}, "active"),
    (postal, {"status": "Sent", "details": "ok", "output": "250 ok"}, "active"),
    (postmark, {"RecordType": "Bounce", "Type": "HardBounce", "ID": 1, "Details": GONE}, "suppressed"),
    (postmark, {"RecordType": "Bounce", "Type": "SoftBounce", "ID": 2, "Details": FULL}, "active"),
    (postmark, {"RecordType": "Bounce", "Type": "Transient", "ID": 3}, "active"),
    (postmark, {"RecordType": "Bounce", "Type": "Blocked", "ID": 4, "Details": POLICY}, "active"),
    (postmark, {"RecordType": "Bounce", "Type": "BadEmailAddress", "ID": 6, "Details": POLICY}, "suppressed"),
    (postmark, {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "ID": 5}, "suppressed"),
    (
        postmark,
        {"RecordType": "SubscriptionChange", "SuppressSending": True, "SuppressionReason": "ManualSuppression"},
        "unsubscribed",
    ),
    (postmark, {"RecordType": "Delivery", "DeliveredAt": AT.isoformat()}, "active"),
    (
        resend,
        {"type": "email.bounced", "data": {"bounce": {"type": "Permanent", "subType": "General", "message": "gone"}}},
        "suppressed",
    ),
    (
        resend,
        {"type": "email.bounced", "data": {"bounce": {"type": "Transient", "subType": "MailboxFull", "message": "x"}}},
        "active",
    ),
    (
        resend,  # the format before `type` was added
        {"type": "email.bounced", "data": {"bounce": {"message": "Resend has suppressed sending to this address."}}},
        "suppressed",
    ),
    (resend, {"type": "email.complained"}, "suppressed"),
    (resend, {"type": "email.delivery_delayed"}, "active"),
    (resend, {"type": "email.delivered"}, "active"),
    (sendgrid, {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": GONE}, "suppressed"),
    (sendgrid, {"event": "bounce", "type": "bounce", "status": "5.2.2", "reason": "552 5.2.2 full"}, "active"),
    (sendgrid, {"event": "bounce", "type": "blocked", "status": "5.7.1", "reason": POLICY}, "active"),
    (sendgrid, {"event": "dropped", "reason": "Bounced Address"}, "suppressed"),
    (sendgrid, {"event": "dropped", "reason": "Spam Reporting Address"}, "suppressed"),
    (sendgrid, {"event": "spamreport"}, "suppressed"),
    (sendgrid, {"event": "unsubscribe"}, "unsubscribed"),
    (sendgrid, {"event": "deferred", "response": FULL}, "active"),
    (sendgrid, {"event": "delivered", "response": "250 ok"}, "active"),
    (sparkpost, {"type": "bounce", "bounce_class": "10", "raw_reason": GONE}, "suppressed"),
    (sparkpost, {"type": "bounce", "bounce_class": "10", "raw_reason": POLICY}, "suppressed"),
    (
        sparkpost,
        {
            "type": "bounce",
            "bounce_class": "25",
            "raw_reason": "554 5.7.1 recipient address suppressed due to customer policy",
        },
        "suppressed",
    ),
    (sparkpost, {"type": "bounce", "bounce_class": "22", "raw_reason": "552 mailbox full"}, "active"),
    (sparkpost, {"type": "bounce", "bounce_class": "51", "raw_reason": "550 spam"}, "active"),
    (sparkpost, {"type": "spam_complaint", "fbtype": "abuse"}, "suppressed"),
    (sparkpost, {"type": "list_unsubscribe"}, "unsubscribed"),
    (sparkpost, {"type": "delivery"}, "active"),
    (
        unisender_go,
        {"status": "hard_bounced", "delivery_info": {"delivery_status": "err_user_unknown"}},
        "suppressed",
    ),
    (
        unisender_go,
        {
            "status": "hard_bounced",
            "delivery_info": {"delivery_status": "err_user_unknown", "destination_response": "555 5.7.1 User unknown"},
        },
        "suppressed",
    ),
    (unisender_go, {"status": "hard_bounced", "delivery_info": {"delivery_status": "err_spam_rejected"}}, "active"),
    (unisender_go, {"status": "soft_bounced", "delivery_info": {"delivery_status": "err_mailbox_full"}}, "active"),
    (unisender_go, {"status": "spam"}, "suppressed"),
    (unisender_go, {"status": "unsubscribed"}, "unsubscribed"),
    (unisender_go, {"status": "delivered"}, "active"),
]
