"""The rotation of the secrets of API tokens and webhooks: for a day, the old secret works beside the new one."""

import datetime as dt

ROTATION_TIME = dt.timedelta(days=1)  # the old secret works that much longer
DOUBLE_CLICK = dt.timedelta(minutes=1)  # no program has the new secret so soon


def is_double_click(old_until: dt.datetime | None, *, now: dt.datetime) -> bool:
    """Return whether the secret was rotated a moment ago, when the old one was set to end at `old_until`.

    Programs still have that old secret, so a second click must not replace it.
    """
    return old_until is not None and old_until > now + ROTATION_TIME - DOUBLE_CLICK
