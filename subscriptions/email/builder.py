"""The one place where an email is put together, and the operators' emails.

Building and sending are apart: `build_message` makes, callers send.
"""

import logging
import unicodedata
from email.charset import QP, Charset
from functools import cache
from typing import Any

import css_inline
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from subscriptions import brand

BY_A_MACHINE = {"Auto-Submitted": "auto-generated"}  # RFC 3834: no out-of-office answer to what a machine wrote
QUOTED_PRINTABLE = Charset("utf-8")
QUOTED_PRINTABLE.body_encoding = QP
logger = logging.getLogger(__name__)


def render_email(name: str, context: dict[str, Any]) -> tuple[str, str, str]:
    """Subject, text and HTML (styles inlined) of the template trio `templates/email/<name>.*`."""
    subject = render_subject(name, context)
    return subject, render_text(name, context), render_html(name, context | {"subject": subject})


def render_subject(name: str, context: dict[str, Any]) -> str:
    return one_line(render_to_string(f"email/{name}.subject.txt", context))


def render_text(name: str, context: dict[str, Any]) -> str:
    return render_to_string(f"email/{name}.txt", context)


def render_html(name: str, context: dict[str, Any]) -> str:
    """The HTML part, its styles inlined; the context holds the `subject`, too."""
    return inline(render_to_string(f"email/{name}.html", context))


def inline(html: str) -> str:
    """`html` with its styles where they apply, since many mail clients read no others."""
    return str(_inliner().inline(html))


class Message(EmailMultiAlternatives):
    """A mail in seven bits, whose long headers stay on one line.

    Quoted-printable passes every server as it is; 8-bit text is written anew by those that don't take it, and a
    signature made before that is broken (RFC 6376, 5.3).

    A List-Unsubscribe address is longer than the 78 characters at which headers are folded by habit, and some
    readers of that header stumble over a folded one. The limit that holds is 998 (RFC 5322, 2.1.1).
    """

    encoding = QUOTED_PRINTABLE
    papers: Any = None  # of a digest: what it holds

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
    """Return `text` as it may stand in a header: on one line, without controls, and no encoded word (RFC 2047).

    An encoded word in a paper's title would be decoded by mail clients, line breaks and all.
    """
    line = "".join(letter for letter in " ".join(text.split()) if unicodedata.category(letter) not in ("Cc", "Cs"))
    return line.replace("=?", "= ?")


def email_operators(name: str, context: dict[str, Any]) -> bool:
    """Mail the template `name` to each of settings.OPERATORS; whether any of them could be reached."""
    reached = False
    for address in settings.OPERATORS:
        try:
            build_message(address, *render_email(name, context), {**BY_A_MACHINE}).send()
            reached = True
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            logger.warning("The operators' mail “%s” can't be sent to %s: %s", name, address, error)
    return reached


@cache
def _inliner() -> css_inline.CSSInliner:
    # Media queries (dark mode, narrow screens) can't be inlined and must stay in the style element.
    return css_inline.CSSInliner(keep_style_tags=True, keep_at_rules=True, load_remote_stylesheets=False)
