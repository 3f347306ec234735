"""Single-use signatures. Mailgun signs a time and a token, not the events, so each signature is valid only once.

https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
"""

import datetime as dt
import json
import re
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest

from subscriptions.security import abuse_limits
from subscriptions.security.abuse_limits import Limit

VALID_FOR = dt.timedelta(hours=12)  # Mailgun retries for eight hours, each time with another signature
REMEMBERED_FOR = dt.timedelta(days=2)  # longer than a signature can be valid: 24 hours

_SECONDS = re.compile(r"\d{1,12}", re.ASCII)


class StaleSignatureError(SuspiciousOperation):
    """A signature is too old, or was used before."""


def use_once(request: HttpRequest, *, now: dt.datetime) -> None:
    """Raise StaleSignatureError unless the request's signature is recent and unused. It must be verified already."""
    signed = _signed(request)
    made_at = str(signed["timestamp"])
    is_recent = _SECONDS.fullmatch(made_at) and abs(now.timestamp() - int(made_at)) <= VALID_FOR.total_seconds()
    if not is_recent:
        raise StaleSignatureError("The request was signed more than 12 hours ago, or in the future.")
    # The key is the signed text as a whole: a digit could move from the end of the time to the token.
    if abuse_limits.refused_by(_used(f"{made_at}{signed['token']}"), now=now):
        raise StaleSignatureError("The signature of the request was used before.")


def _used(signed: str) -> Limit:
    return Limit("webhook signature", signed, [(1, REMEMBERED_FOR)])


def _signed(request: HttpRequest) -> Any:
    """Return the signed fields that django-anymail verified: from JSON, or from a form (the last value of each)."""
    if request.content_type == "application/json":
        return json.loads(request.body.decode())["signature"]
    return request.POST
