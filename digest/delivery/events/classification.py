"""Classification of provider events: hard and soft bounces, policy blocks, complaints. Pure.

django-anymail reports both a missing and a full mailbox as “bounced”. Each provider distinguishes them in a field of
its own. Most also quote the mail server's reply, and its enhanced status code is exact (RFC 3463).
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason

from subscriptions.email.status_codes import find_code


class EventClass(StrEnum):
    """The meaning of an event for the address or the reader."""

    NOTHING = ""
    HARD = "hard"  # there is no such mailbox
    SOFT = "soft"  # the mailbox takes no emails now
    POLICY = "policy"  # the server blocks our emails: our fault, not the reader's
    COMPLAINT = "complaint"  # the reader marked it as spam
    UNSUBSCRIBED = "left"  # the reader unsubscribed at the provider


HARD, SOFT, POLICY = EventClass.HARD, EventClass.SOFT, EventClass.POLICY
COMPLAINT, UNSUBSCRIBED = EventClass.COMPLAINT, EventClass.UNSUBSCRIBED

# The fields with each provider's own classification, as paths into its payload. "*" is the first key, with any name.
_FIELDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "Amazon SES": (("bounce", "bounceSubType"), ("bounce", "bounceType")),
    "Brevo": (("event",),),
    "MailerSend": (("data", "type"),),
    "Mailgun": (("event-data", "reason"), ("event-data", "severity"), ("code",)),
    "Mailjet": (("error",), ("hard_bounce",)),
    "Mailtrap": (("event",),),
    "Mandrill": (("reject", "reason"), ("msg", "bounce_description"), ("event",)),
    "Postmark": (("Type",),),
    "Resend": (("data", "bounce", "subType"), ("data", "bounce", "type")),
    "SendGrid": (("reason",), ("type",)),
    "SparkPost": (("msys", "*", "bounce_class"),),
    "Unisender Go": (("delivery_info", "delivery_status"),),
}
_AMAZON_SES = {
    "mailboxfull": SOFT,
    "messagetoolarge": POLICY,
    "contentrejected": POLICY,
    "attachmentrejected": POLICY,
    "permanent": HARD,
    "transient": SOFT,
    "undetermined": SOFT,
}
# The values of these fields, in lower case. A value that is not listed means nothing, and the next field is read.
_WORDS: dict[str, dict[str, EventClass]] = {
    "Amazon SES": _AMAZON_SES,
    "Brevo": {"hard_bounce": HARD, "invalid_email": HARD, "soft_bounce": SOFT, "blocked": POLICY},
    "MailerSend": {"hard_bounced": HARD, "soft_bounced": SOFT},
    "Mailgun": {
        "bounce": HARD,
        "suppress-bounce": HARD,
        "suppress-complaint": COMPLAINT,
        "suppress-unsubscribe": UNSUBSCRIBED,
        "espblock": POLICY,
        "old": SOFT,
        # Codes of the format before 2018, which old accounts still get: an earlier bounce, an earlier complaint.
        "605": HARD,
        "607": COMPLAINT,
    },
    "Mailjet": {
        "user unknown": HARD,
        "mailbox inactive": HARD,
        "invalid domain": HARD,
        "typofix": HARD,
        "quota exceeded": SOFT,
        "spam reporter": COMPLAINT,
        "blacklisted": POLICY,
        "sender blocked": POLICY,
        "content blocked": POLICY,
        "policy issue": POLICY,
        "preblocked": POLICY,
        "relay/access denied": POLICY,
        "duplicate in campaign": EventClass.NOTHING,
        "true": HARD,
        "false": SOFT,
    },
    "Mailtrap": {"bounce": HARD, "soft bounce": SOFT, "reject": POLICY},
    "Mandrill": {
        "hard-bounce": HARD,
        "soft-bounce": SOFT,
        "spam": COMPLAINT,
        "unsub": UNSUBSCRIBED,
        "invalid": HARD,
        "bad_mailbox": HARD,
        "invalid_domain": HARD,
        "mailbox_full": SOFT,
        "hard_bounce": HARD,
        "soft_bounce": SOFT,
    },
    "Postmark": {
        "hardbounce": HARD,
        "bademailaddress": HARD,
        "softbounce": SOFT,
        "virusnotification": POLICY,
        "blocked": POLICY,
        "dmarcpolicy": POLICY,
    },
    "Resend": _AMAZON_SES,  # Resend sends through Amazon SES
    "SendGrid": {
        "bounced address": HARD,
        "invalid": HARD,
        "spam reporting address": COMPLAINT,
        "unsubscribed address": UNSUBSCRIBED,
        "blocked": POLICY,
        "expired": SOFT,
        "bounce": HARD,
    },
    "SparkPost": dict.fromkeys(("10", "30"), HARD)
    | dict.fromkeys(("1", "20", "21", "22", "23", "24", "40", "70"), SOFT)
    | dict.fromkeys(("25", "50", "51", "52", "53", "54"), POLICY),
    "Unisender Go": dict.fromkeys(
        ("err_user_unknown", "err_user_inactive", "err_domain_inactive", "err_mailbox_discarded"), HARD
    )
    | dict.fromkeys(("err_mailbox_full", "err_unreachable", "err_destination_misconfigured"), SOFT)
    | dict.fromkeys(("err_spam_rejected", "err_spam_skipped", "err_blacklisted", "err_too_large"), POLICY)
    | {"err_unsubscribed": UNSUBSCRIBED, "err_will_retry": EventClass.NOTHING},
}
# Values about the mailbox itself. They outweigh a policy code that the mail server adds.
_ABOUT_THE_MAILBOX: dict[str, frozenset[str]] = {
    "Mailjet": frozenset({"user unknown", "mailbox inactive"}),
    "Mandrill": frozenset({"bad_mailbox"}),
    "Postmark": frozenset({"bademailaddress"}),
    "SparkPost": frozenset({"10"}),
    "Unisender Go": frozenset({"err_user_unknown", "err_user_inactive"}),
}
# Sentences about an address on the provider's own suppression list. It never sends to such an address again.
_SUPPRESSED_BY_PROVIDER: dict[str, str] = {
    "Brevo": "due to blacklist user",
    "Resend": "has suppressed sending to this address",
    "SparkPost": "recipient address suppressed",
}
_BY_REASON: dict[str | None, EventClass] = {
    RejectReason.INVALID: HARD,
    RejectReason.BOUNCED: HARD,
    RejectReason.TIMED_OUT: SOFT,
    RejectReason.BLOCKED: POLICY,
    RejectReason.SPAM: POLICY,
    RejectReason.UNSUBSCRIBED: UNSUBSCRIBED,
}
_REFUSALS = (EventType.BOUNCED, EventType.REJECTED, EventType.FAILED)
_SOFT_WORDS = {"soft bounce", "err_mailbox_full"}  # some providers report these as a deferral, and nothing after it


def classify_event(event: AnymailTrackingEvent, esp_name: str) -> EventClass:
    """Return what `event` of the provider `esp_name` means for its recipient."""
    if event.event_type == EventType.COMPLAINED:
        return COMPLAINT
    if event.event_type == EventType.UNSUBSCRIBED:
        return UNSUBSCRIBED
    words = list(_words(event.esp_event, esp_name))
    if event.event_type == EventType.DEFERRED:
        return SOFT if _SOFT_WORDS & set(words) else EventClass.NOTHING
    if event.event_type not in _REFUSALS:
        return EventClass.NOTHING
    answer = f"{event.mta_response or ''} {event.description or ''}"
    if _ABOUT_THE_MAILBOX.get(esp_name, frozenset()) & set(words) or _is_suppressed_there(answer, esp_name):
        return HARD
    by_code = classify_answer(answer)
    if by_code in (SOFT, POLICY):
        return by_code
    table = _WORDS.get(esp_name, {})
    by_field = next((table[word] for word in words if word in table), None)
    if by_field is not None:
        return by_field
    return by_code or _BY_REASON.get(event.reject_reason, EventClass.NOTHING)


def classify_answer(answer: str) -> EventClass:
    """Return what a mail server's reply means according to its enhanced status code, if it has one."""
    code = find_code(answer)
    if code is None:
        return EventClass.NOTHING
    if code.is_policy:
        return POLICY
    if code.is_full_mailbox or code.severity == "4":
        return SOFT  # a full mailbox is emptied some day, even if its server calls that permanent
    return HARD if code.is_unknown_address else EventClass.NOTHING


def _is_suppressed_there(answer: str, esp_name: str) -> bool:
    """Return whether the event means that the address is on the provider's own suppression list."""
    sentence = _SUPPRESSED_BY_PROVIDER.get(esp_name)
    return sentence is not None and sentence in answer.lower()


def _words(payload: Any, esp_name: str) -> Iterator[str]:
    """Yield the values of the provider's fields of classification, in lower case."""
    for path in _FIELDS.get(esp_name, ()):
        value = payload
        for key in path:
            if not isinstance(value, Mapping):
                break
            value = next(iter(value.values()), None) if key == "*" else value.get(key)
        else:
            if isinstance(value, (str, int, bool)):
                yield str(value).lower()
