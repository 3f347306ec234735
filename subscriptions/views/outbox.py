"""Pages that show the outbox in the browser, in development only."""

import email
import email.policy
import os
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from subscriptions.security.mail_csp import policy_for

EMAILS_SHOWN = 100  # newest emails on the list


def outbox(request: HttpRequest) -> HttpResponse:
    _only_in_development()
    newest = sorted(Path(settings.OUTBOX_DIR).glob("*.eml"), reverse=True)
    emails = [{"name": path.name, "message": _read(path)} for path in newest[:EMAILS_SHOWN]]
    return render(request, "web/outbox.html", {"mails": emails, "folder": settings.OUTBOX_DIR, "total": len(newest)})


def outbox_mail(request: HttpRequest, name: str) -> HttpResponse:
    _only_in_development()
    message = _read(_path(name))
    return render(request, "web/outbox_email.html", {"name": name, "message": message, "text": _body(message, "plain")})


def outbox_html(request: HttpRequest, name: str) -> HttpResponse:
    """Return only the HTML part, for the frame of `outbox_mail`, without scripts and external resources."""
    _only_in_development()
    # Links open in the whole window, not in the frame.
    html = _body(_read(_path(name)), "html").replace("<head>", '<head><base target="_top">', 1)
    response = HttpResponse(html)
    response["Content-Security-Policy"] = policy_for(html, framed_by="'self'")
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _only_in_development() -> None:
    if not settings.DEBUG:
        raise Http404


def _path(name: str) -> Path:
    path = Path(settings.OUTBOX_DIR) / Path(name).name
    if path.suffix != ".eml" or not os.path.isfile(path):  # isfile is also False for impossible names
        raise Http404(f"There is no email {name} in the outbox.")
    return path


def _read(path: Path) -> EmailMessage:
    with path.open("rb") as file:
        message: Any = email.message_from_binary_file(file, policy=email.policy.default)
    return message  # type: ignore[no-any-return]


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""
