#!/usr/bin/env python
"""The command line: `python manage.py help` lists what it can do."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit("Django is not installed here. Run `make setup`, then use .venv/bin/python.") from error
    try:
        import config.settings  # noqa: F401  # a mistake in a setting is told before anything else is tried
    except ImproperlyConfigured as error:
        raise SystemExit(f"Settings: {error}") from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
