"""Pills in the admin's templates."""

from django import template

from subscriptions.pills import pill

register = template.Library()


@register.simple_tag
def count_pill(number: int, state: str) -> str:
    """Return how many rows have a state, in the color of the state."""
    return pill(state, f"{number:,} {state}")


@register.simple_tag
def state_pill(state: str, text: str = "") -> str:
    """Return a state, or a text about it, in the color of the state."""
    return pill(state, text)
