"""What the rooms of the admin have in common."""

from django.utils.html import format_html

LONGEST = 300  # characters of a reason in a list; its page shows all


def outcome_of(status: str, why: str, *, is_bad: bool = False) -> str:
    """How something ended and why, as one cell of a list: the reason under the outcome."""
    first = format_html('<strong class="is-bad">{}</strong>' if is_bad else "{}", status)
    return format_html("{}<p>{}</p>", first, f"{why[:LONGEST]}…" if len(why) > LONGEST else why) if why else first
