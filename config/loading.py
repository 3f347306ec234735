"""What every entry point does first."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def load_settings(status: int = 1) -> None:
    """Raises SystemExit with `status`, after one line that says what is wrong, where a setting can't be read."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        settings.DEBUG  # noqa: B018  # the first that is asked for loads all
    except ImproperlyConfigured as error:
        print(f"Settings: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(status) from error
