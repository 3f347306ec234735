"""The filter `ago` for templates of the admin. Load it as `moments`."""

import datetime as dt

from django import template
from django.utils.timesince import timesince

register = template.Library()


@register.filter
def ago(moment: dt.datetime, now: dt.datetime) -> str:
    """Return how long ago `moment` was: `3 minutes ago`, or `just now` for less than a minute."""
    return "just now" if now - moment < dt.timedelta(minutes=1) else f"{timesince(moment, now)} ago"
