"""The filter `thousands` for templates of the admin. Load it as `numbers`."""

from django import template

register = template.Library()


@register.filter
def thousands(number: int) -> str:
    """Return the number with commas between thousands."""
    return f"{number:,}"
