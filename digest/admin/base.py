"""Parts that several admin pages share."""

from django.utils.html import format_html

LONGEST = 300  # characters of a reason in a list; the row's own page shows it whole


def outcome_of(status: str, reason: str, *, is_bad: bool = False) -> str:
    """Return one cell of a list, with the status above its reason."""
    first = format_html('<strong class="is-bad">{}</strong>' if is_bad else "{}", status)
    if not reason:
        return first
    return format_html("{}<p>{}</p>", first, f"{reason[:LONGEST]}…" if len(reason) > LONGEST else reason)
