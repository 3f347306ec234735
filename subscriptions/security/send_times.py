"""The times at which a visitor had an email sent to an address, in a signed hidden field of the form to send it again.

The page can say when the next email can go without looking the address up. A count in the database would show
visitors whether others have signed the address up.
"""

import datetime as dt
from collections.abc import Sequence

from django.conf import settings
from django.core import signing

from subscriptions import email_addresses
from subscriptions.security import abuse_limits

MAX_TIMES = 10  # times that are kept
_SALT = "subscriptions.send_times"


def write(email: str, sent: Sequence[dt.datetime]) -> str:
    """Return the value of the hidden field `sent`."""
    times = [int(moment.timestamp()) for moment in sent[-MAX_TIMES:]]
    return signing.Signer(salt=_SALT).sign_object([_key(email), times])


def read(email: str, field: str) -> list[dt.datetime]:
    """Return the times in the field, or none if it is not genuine or for another address."""
    try:
        key, times = signing.Signer(salt=_SALT).unsign_object(field)
    except (signing.BadSignature, ValueError):
        return []
    return [dt.datetime.fromtimestamp(time, dt.UTC) for time in times] if key == _key(email) else []


def next_at(sent: Sequence[dt.datetime], *, now: dt.datetime) -> dt.datetime:
    """Return when one more email can be sent: `now` if it can already."""
    return abuse_limits.next_allowed(settings.LIMIT_PER_ADDRESS, sent, now=now)


def _key(email: str) -> str:
    return email_addresses.keyed_hash(_SALT, email_addresses.mailbox(email))[:16]
