"""The rotation of the secrets of API tokens and webhooks: for a day, the old secret works beside the new one."""

import datetime as dt

ROTATION_TIME = dt.timedelta(days=1)  # the old secret works that much longer
DOUBLE_CLICK = dt.timedelta(minutes=1)  # no program has the new secret so soon


def is_double_click(old_until: dt.datetime | None, *, now: dt.datetime) -> bool:
    """Return whether a secret was rotated just before, so that programs still have the one before that.

    The old secret, which works until `old_until`, is then kept.
    """
    return old_until is not None and old_until > now + ROTATION_TIME - DOUBLE_CLICK
