"""What each provider takes in one call. Pure.

From django-anymail's and the providers' documentation; a provider that is not listed gets one call for each mail.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any


class Kind(Enum):
    """How several readers are served in one call."""

    SINGLE = auto()  # not at all
    MERGED = auto()  # one mail, into which the provider puts each reader's own values
    MANY = auto()  # different mails


@dataclass(frozen=True, slots=True)
class Way:
    """`most` mails in one call.

    `blank` is how a value to be filled in is written, and `signs` are what would be taken for the beginning of one
    wherever they stand. `whole_headers`: those of one reader replace the common ones. `knows_keys`: for so long a call
    is done once, however often it comes with the same key. `gives_back`: what is said about a mail comes back in
    reports of it. `names_refused`: the answer says whom it refused, and does not only count them. `extra` goes with
    each call, as django-anymail's `esp_extra`.
    """

    kind: Kind = Kind.SINGLE
    most: int = 1
    blank: str = ""
    signs: tuple[str, ...] = ()
    whole_headers: bool = False
    knows_keys: dt.timedelta = dt.timedelta()
    gives_back: bool = True
    names_refused: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def keyed(self) -> bool:
        return bool(self.knows_keys)


WAYS = {
    "brevo": Way(
        Kind.MERGED,
        1000,
        "{{params.%s}}",
        ("{{", "{%"),
        whole_headers=True,
        knows_keys=dt.timedelta(minutes=30),
    ),
    "mailgun": Way(Kind.MERGED, 1000, "%%recipient.%s%%", ("%recipient",)),
    "mailjet": Way(
        Kind.MERGED,
        50,
        "[[var:%s]]",
        ("[[", "{{", "{%"),
        whole_headers=True,
        extra={"Globals": {"TemplateLanguage": True}},
    ),
    "sendgrid": Way(Kind.MERGED, 1000, "-%s-", extra={"merge_field_format": "-{}-"}),
    "sparkpost": Way(Kind.MERGED, 1000, "{{%s}}", ("{{",), names_refused=False),
    "unisender_go": Way(Kind.MERGED, 500, "{{%s}}", ("{{",)),
    "mailtrap": Way(Kind.MANY, 500),
    "postmark": Way(Kind.MANY, 500),
    "resend": Way(Kind.MANY, 100, knows_keys=dt.timedelta(hours=24)),
    "mailersend": Way(gives_back=False),
    "postal": Way(gives_back=False),
}
ALONE = Way()
SMTP = "smtp"
SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
KNOWN = {SMTP, "amazon_ses", "mandrill", "scaleway", *WAYS}


def backend_of(provider: str) -> str:
    """The mail backend of Django's that hands over by it, one mail at a time."""
    return SMTP_BACKEND if provider == SMTP else f"anymail.backends.{provider}.EmailBackend"


def way_of(provider: str) -> Way:
    return WAYS.get(provider, ALONE)
