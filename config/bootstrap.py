"""The first step of every entry point."""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config import error_reports


def load_settings(status: int = 1) -> None:
    """Load the settings, and protect private files from other users.

    If a setting is invalid, print what is wrong in one line and raise SystemExit with `status`.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.umask(stat.S_IRWXG | stat.S_IRWXO)  # before the settings make folders
    try:
        settings.DEBUG  # noqa: B018  # the first access loads all settings
    except ImproperlyConfigured as error:
        print(f"Settings: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(status) from error
    if settings.SENTRY_DSN:
        error_reports.start(settings.SENTRY_DSN, environment=settings.SENTRY_ENVIRONMENT, version=settings.VERSION)
    for path in settings.PRIVATE_PATHS:
        _close_to_others(path)


def _close_to_others(path: Path) -> None:
    """Remove the permissions of other users if possible, unless `path` is a folder for all users, such as /tmp."""
    with suppress(OSError):  # it is missing, or belongs to another user; `check --deploy` reports that
        mode = path.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO) and not mode & stat.S_ISVTX:
            path.chmod(stat.S_IMODE(mode) & ~(stat.S_IRWXG | stat.S_IRWXO))
