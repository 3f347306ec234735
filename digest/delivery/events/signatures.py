"""Signatures that cover a time and a token, and not the report: each proves one request, and for some hours only.

https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
"""

import datetime as dt
import json
import re
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest

from subscriptions.security import rate_limits
from subscriptions.security.rate_limits import Limit

VALID_FOR = dt.timedelta(hours=12)  # Mailgun tells us again for eight, each time with another signature
REMEMBERED_FOR = dt.timedelta(days=2)  # longer than from 12 hours ago to 12 hours ahead

_SECONDS = re.compile(r"\d{1,12}", re.ASCII)


class StaleSignatureError(SuspiciousOperation):
    """A signature is too old, or was used before."""


def use_once(request: HttpRequest, *, now: dt.datetime) -> None:
    """Raise StaleSignatureError unless the request's signature, which is known to be right, is recent and unused."""
    signed = _signed(request)
    made_at = str(signed["timestamp"])
    is_recent = _SECONDS.fullmatch(made_at) and abs(now.timestamp() - int(made_at)) <= VALID_FOR.total_seconds()
    if not is_recent:
        raise StaleSignatureError("The report was signed more than 12 hours ago, or later than now.")
    # By what is signed: digits at the end of the time could as well be the token's first.
    if rate_limits.acquire(_used(f"{made_at}{signed['token']}"), now=now):
        raise StaleSignatureError("The report's signature was used before.")


def _used(signed: str) -> Limit:
    return Limit("webhook signature", signed, [(1, REMEMBERED_FOR)])


def _signed(request: HttpRequest) -> Any:
    """Return what django-anymail has checked: a block of JSON, or the last of each field of a form."""
    if request.content_type == "application/json":
        return json.loads(request.body.decode())["signature"]
    return request.POST
