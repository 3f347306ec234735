"""The builder of emails, and the sender of operators' emails.

`build_message` returns a message; its callers send it.
"""

import logging
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from email.charset import QP, Charset
from functools import cache
from typing import Any

import css_inline
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.text import Truncator

from subscriptions import brand

BY_A_MACHINE = {"Auto-Submitted": "auto-generated"}  # RFC 3834: prevents out-of-office replies
QUOTED_PRINTABLE = Charset("utf-8")
QUOTED_PRINTABLE.body_encoding = QP
logger = logging.getLogger(__name__)


def render_email(name: str, context: dict[str, Any]) -> tuple[str, str, str]:
    """Return subject, text and HTML (with inlined styles) from the templates `templates/email/<name>.*`."""
    subject = render_subject(name, context)
    return subject, render_text(name, context), render_html(name, context | {"subject": subject})


def render_subject(name: str, context: dict[str, Any]) -> str:
    return one_line(render_to_string(f"email/{name}.subject.txt", context))


def render_text(name: str, context: dict[str, Any]) -> str:
    return render_to_string(f"email/{name}.txt", context)


def render_html(name: str, context: dict[str, Any]) -> str:
    """Return the HTML part with inlined styles. The context must contain the `subject`."""
    return inline(render_to_string(f"email/{name}.html", context))


def inline(html: str) -> str:
    """Return `html` with its styles moved into attributes, because many email clients read no others."""
    return str(_inliner().inline(html))


@dataclass(frozen=True)
class Alert:
    """An email to the operators about something that needs them: what happened, and what to do.

    `detail` quotes a stored reason or an error; `path` leads to a page of the admin. `parts` are the headings and
    texts of several alerts in one email.
    """

    subject: str
    heading: str
    paragraphs: Sequence[str]
    detail: str = ""
    path: str = ""
    parts: Sequence[tuple[str, str]] = ()

    @property
    def preheader(self) -> str:
        """The text that inboxes show after the subject, up to 120 characters."""
        return Truncator(self.detail or "; ".join([*self.paragraphs, *(heading for heading, _ in self.parts)])).chars(
            120
        )


class Message(EmailMultiAlternatives):
    """A 7-bit email with long headers on one line.

    All servers pass on quoted-printable unchanged. A server without 8BITMIME re-encodes 8-bit text, which breaks an
    earlier signature (RFC 6376, 5.3).

    A List-Unsubscribe URL is longer than 78 characters, where headers are usually folded, and some clients can't read
    a folded one. The hard limit is 998 characters (RFC 5322, 2.1.1).
    """

    encoding = QUOTED_PRINTABLE
    papers: Any = None  # in a digest: the papers in it

    def message(self, **options: Any) -> Any:
        built = super().message(**options)
        built.policy = built.policy.clone(max_line_length=998)
        return built


def build_message(to: str, subject: str, text: str, html: str, headers: dict[str, str]) -> Message:
    look = brand.current()
    replies = [look.reply_to] if look.reply_to else None
    message = Message(one_line(subject), text, one_line(look.sender), to=[to], reply_to=replies, headers=headers)
    message.attach_alternative(html, "text/html")
    return message


def one_line(text: str) -> str:
    """Return `text` ready for a header: on one line, without control characters and encoded words (RFC 2047).

    Email clients would decode an encoded word in a paper's title, including line breaks.
    """
    line = "".join(letter for letter in " ".join(text.split()) if unicodedata.category(letter) not in ("Cc", "Cs"))
    return line.replace("=?", "= ?")


def email_operators(name: str, context: dict[str, Any]) -> bool:
    """Email the template `name` to all settings.OPERATORS. Return whether at least one email was sent."""
    is_sent = False
    for address in settings.OPERATORS:
        try:
            build_message(address, *render_email(name, context), {**BY_A_MACHINE}).send()
            is_sent = True
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            logger.warning("The operators' email “%s” can't be sent to %s: %s", name, address, error)
    return is_sent


def alert_operators(alert: Alert) -> bool:
    """Email `alert` to all settings.OPERATORS. Return whether at least one email was sent."""
    return email_operators("alert", {"alert": alert})


@cache
def _inliner() -> css_inline.CSSInliner:
    # Media queries (dark mode, narrow screens) can't be inlined and must stay in the style element.
    return css_inline.CSSInliner(keep_style_tags=True, keep_at_rules=True, load_remote_stylesheets=False)
