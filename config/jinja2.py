"""The one Jinja2 environment, for pages and mails alike."""

from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from jinja2 import Environment, StrictUndefined, select_autoescape

from digest import wording


def environment(**options: Any) -> Environment:
    """Escape in `.html` and not in `.txt`; a misspelt variable is an error, never an empty place."""
    options |= {
        "autoescape": select_autoescape(["html"]),
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
    site = SimpleNamespace(name=settings.SITE_NAME, url=settings.SITE_URL, postal_address=settings.POSTAL_ADDRESS)
    env = Environment(**options)  # noqa: S701  # autoescape is among the options
    env.globals |= {"url": reverse, "static": static, "site": site}
    env.filters |= wording.FILTERS
    return env
