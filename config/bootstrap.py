"""What every entry point does first."""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

OTHERS = 0o077  # the permissions of the group and of all other users


def load_settings(status: int = 1) -> None:
    """Load the settings, and keep files from other users.

    Raises SystemExit with `status`, after one line that says what is wrong, where a setting can't be read.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.umask(OTHERS)  # before the settings make folders
    try:
        settings.DEBUG  # noqa: B018  # the first that is asked for loads all
    except ImproperlyConfigured as error:
        print(f"Settings: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(status) from error
    for path in settings.PRIVATE_PATHS:
        _close_to_others(path)


def _close_to_others(path: Path) -> None:
    """Take the permissions of other users away, where we may and `path` is not a folder for everybody, as /tmp is."""
    with suppress(OSError):  # it is not there, or another user's: `check --deploy` reports that
        mode = path.stat().st_mode
        if mode & OTHERS and not mode & stat.S_ISVTX:
            path.chmod(stat.S_IMODE(mode) & ~OTHERS)
