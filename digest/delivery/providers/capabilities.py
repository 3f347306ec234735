"""What each provider takes in one call. Pure.

From django-anymail's and the providers' documentation; a provider that is not listed gets one call for each mail.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any


class BatchMode(Enum):
    """How several readers are served in one call."""

    SINGLE = auto()  # not at all
    MERGED = auto()  # one mail, into which the provider puts each reader's own values
    MANY = auto()  # different mails


@dataclass(frozen=True, slots=True)
class BatchCapability:
    """`most` mails in one call.

    `blank` is how a value to be filled in is written. `placeholders` finds each character at the beginning of what the
    provider fills in by itself. `whole_headers`: those of one reader replace the common ones. `knows_keys`: for so long
    a call is done once, however often it comes with the same key. `gives_back`: what is said about a mail comes back in
    reports of it. `names_refused`: the answer says whom it refused, and does not only count them. `extra` goes with
    each call that merges, as django-anymail's `esp_extra`.
    """

    kind: BatchMode = BatchMode.SINGLE
    most: int = 1
    blank: str = ""
    placeholders: re.Pattern[str] | None = None
    whole_headers: bool = False
    knows_keys: dt.timedelta = dt.timedelta()
    gives_back: bool = True
    names_refused: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def keyed(self) -> bool:
        return bool(self.knows_keys)

    def guarded(self, text: str) -> str:
        """Return `text` so that it looks the same, and the provider takes nothing in it for a placeholder.

        A match is one character, and what follows it is looked at only: so “{{{” comes apart at both places.
        """
        return self.placeholders.sub(_APART, text) if self.placeholders else text


_APART = "\\g<0>\u2060"  # a word joiner: it is invisible
_BRACES = re.compile(r"\{(?=\{)")

# How placeholders begin: from the providers' pages on personalization, substitutions and template languages.
WAYS = {
    "brevo": BatchCapability(
        BatchMode.MERGED,
        1000,
        "{{params.%s}}",
        re.compile(r"\{(?=[{%#])"),
        whole_headers=True,
        knows_keys=dt.timedelta(minutes=30),
    ),
    "mailgun": BatchCapability(
        BatchMode.MERGED,
        1000,
        "%%recipient.%s%%",
        re.compile("%(?=recipient|unsubscribe_|tag_unsubscribe_|mailing_list_)", re.IGNORECASE),
    ),
    "mailjet": BatchCapability(
        BatchMode.MERGED,
        50,
        "[[var:%s]]",
        re.compile(r"\[(?=\[)|\{(?=[{%])"),
        whole_headers=True,
        extra={"Globals": {"TemplateLanguage": True}},
    ),
    # Any word can be a substitution: those of a call have names that no text can guess.
    "sendgrid": BatchCapability(
        BatchMode.MERGED,
        1000,
        "-%s-",
        re.compile(r"<(?=%)|\[(?=unsubscribe|weblink)", re.IGNORECASE),
        extra={"merge_field_format": "-{}-"},
    ),
    "sparkpost": BatchCapability(
        BatchMode.MERGED, 1000, "{{%s}}", re.compile(r"\{(?=\{)|\[(?=\[)"), names_refused=False
    ),
    "unisender_go": BatchCapability(BatchMode.MERGED, 500, "{{%s}}", _BRACES),
    "mailtrap": BatchCapability(BatchMode.MANY, 500, placeholders=_BRACES),
    "postmark": BatchCapability(BatchMode.MANY, 500, placeholders=_BRACES),
    "resend": BatchCapability(BatchMode.MANY, 100, placeholders=_BRACES, knows_keys=dt.timedelta(hours=24)),
    "amazon_ses": BatchCapability(placeholders=_BRACES),
    "mailersend": BatchCapability(placeholders=re.compile(r"\{(?=[{%$])"), gives_back=False),
    "mandrill": BatchCapability(placeholders=re.compile(r"\{(?=\{)|\*(?=\|)")),
    "postal": BatchCapability(gives_back=False),
}
ALONE = BatchCapability()
SMTP = "smtp"
SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
KNOWN = {SMTP, "scaleway", *WAYS}


def backend_of(provider: str) -> str:
    """The mail backend of Django's that hands over by it, one mail at a time."""
    return SMTP_BACKEND if provider == SMTP else f"anymail.backends.{provider}.EmailBackend"


def capability_of(provider: str) -> BatchCapability:
    return WAYS.get(provider, ALONE)
