"""Pills of the admin: states as words on a colored ground, such as “active” on green."""

from django.utils.html import format_html

GOOD = ("active", "delivered", "done", "offered", "ok", "sent")
WAITING = (
    "cancelled",
    "deferred",
    "not offered",
    "paused",
    "pending",
    "queued",
    "running",
    "stale",
    "uncertain",
    "warning",
)
BAD = ("bounced", "complained", "failed", "rejected", "suppressed", "unreachable")
NAMES = {"ok": "OK"}
TONES = dict.fromkeys(GOOD, " is-good") | dict.fromkeys(WAITING, " is-waiting") | dict.fromkeys(BAD, " is-bad")


def pill(state: str, text: object = "") -> str:
    """Return `state`, or a `text` about it, in the color of the state."""
    return format_html('<span class="pill{}">{}</span>', TONES.get(state, ""), text or NAMES.get(state, state))
