"""How long ago something was, for the admin's templates. Load it as `moments`."""

import datetime as dt

from django import template
from django.utils.timesince import timesince

register = template.Library()


@register.filter
def ago(moment: dt.datetime, now: dt.datetime) -> str:
    """As `3 minutes ago`, or `just now` for less than a minute."""
    return "just now" if now - moment < dt.timedelta(minutes=1) else f"{timesince(moment, now)} ago"
