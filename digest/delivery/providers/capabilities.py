"""The capabilities of each provider: what it accepts in one call. Pure.

The sources are the documentation of django-anymail and of the providers. A provider that is not listed gets one call
per email.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any


class BatchMode(Enum):
    """The kind of calls that a provider accepts."""

    SINGLE = auto()  # one email
    MERGED = auto()  # one email for many readers; the provider fills in each reader's values
    MANY = auto()  # many different emails


@dataclass(frozen=True, slots=True)
class BatchCapability:
    """The capability of one provider.

    - `max_emails`: the largest number of emails (or of readers, in a merged call). Calls never have more than a
      shard has (`shards.SIZE`).
    - `variable`: how a merge variable is written.
    - `placeholders`: matches the first character of any text that the provider fills in by itself.
    - `replaces_headers`: a reader's own headers replace the shared ones, so each reader needs all of them.
    - `key_lifetime`: how long the provider remembers an idempotency key; zero if it does not support them.
    - `returns_metadata`: the provider's events contain the metadata of the email.
    - `names_refused`: the answer names the refused recipients, and does not just count them.
    - `esp_extra`: django-anymail's `esp_extra` of each merged call.
    """

    mode: BatchMode = BatchMode.SINGLE
    max_emails: int = 1
    variable: str = ""
    placeholders: re.Pattern[str] | None = None
    replaces_headers: bool = False
    key_lifetime: dt.timedelta = dt.timedelta()
    returns_metadata: bool = True
    names_refused: bool = True
    esp_extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def keyed(self) -> bool:
        """Return whether the provider supports idempotency keys."""
        return bool(self.key_lifetime)

    def guarded(self, text: str) -> str:
        """Return `text` with invisible characters inside, so that the provider finds no placeholder in it.

        A match is one character, and the pattern only looks ahead at the next ones. So “{{{” is broken up twice.
        """
        return self.placeholders.sub(_WORD_JOINER, text) if self.placeholders else text


_WORD_JOINER = "\\g<0>\u2060"  # it is invisible
_BRACES = re.compile(r"\{(?=\{)")

# The placeholders are from the providers' pages on personalization, substitutions and template languages.
CAPABILITIES = {
    "brevo": BatchCapability(
        BatchMode.MERGED,
        1000,
        "{{params.%s}}",
        re.compile(r"\{(?=[{%#])"),
        replaces_headers=True,
        key_lifetime=dt.timedelta(minutes=30),
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
        replaces_headers=True,
        esp_extra={"Globals": {"TemplateLanguage": True}},
    ),
    # Any word can be a substitution, so ours have names that no text can guess.
    "sendgrid": BatchCapability(
        BatchMode.MERGED,
        1000,
        "-%s-",
        re.compile(r"<(?=%)|\[(?=unsubscribe|weblink)", re.IGNORECASE),
        esp_extra={"merge_field_format": "-{}-"},
    ),
    "sparkpost": BatchCapability(
        BatchMode.MERGED, 1000, "{{%s}}", re.compile(r"\{(?=\{)|\[(?=\[)"), names_refused=False
    ),
    "unisender_go": BatchCapability(BatchMode.MERGED, 500, "{{%s}}", _BRACES),
    "mailtrap": BatchCapability(BatchMode.MANY, 500, placeholders=_BRACES),
    "postmark": BatchCapability(BatchMode.MANY, 500, placeholders=_BRACES),
    "resend": BatchCapability(BatchMode.MANY, 100, placeholders=_BRACES, key_lifetime=dt.timedelta(hours=24)),
    "amazon_ses": BatchCapability(placeholders=_BRACES),
    "mailersend": BatchCapability(placeholders=re.compile(r"\{(?=[{%$])"), returns_metadata=False),
    "mandrill": BatchCapability(placeholders=re.compile(r"\{(?=\{)|\*(?=\|)")),
    "postal": BatchCapability(returns_metadata=False),
}
ONE_EMAIL_A_CALL = BatchCapability()
SMTP = "smtp"
SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
KNOWN = {SMTP, "scaleway", *CAPABILITIES}


def backend_of(provider: str) -> str:
    """Return the path of the Django mail backend that sends single emails through `provider`."""
    return SMTP_BACKEND if provider == SMTP else f"anymail.backends.{provider}.EmailBackend"


def capability_of(provider: str) -> BatchCapability:
    """Return the capability of `provider`; a provider that is not listed gets one email per call."""
    return CAPABILITIES.get(provider, ONE_EMAIL_A_CALL)
