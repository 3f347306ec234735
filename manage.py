#!/usr/bin/env python
"""The command line. `python manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    try:
        from django.core.management import execute_from_command_line
        from django.db import DatabaseError, connection

        from config import version
        from config.bootstrap import load_settings
    except ImportError as error:
        raise SystemExit("Django is not installed here. Run `make setup`, then use .venv/bin/python.") from error
    if sys.argv[1:] == ["--version"]:  # Django would print its own
        print(version.describe())  # noqa: T201
        return
    load_settings()
    try:
        try:
            execute_from_command_line(sys.argv)
        except DatabaseError as error:
            if connection.connection is not None or "--traceback" in sys.argv:
                raise
            # Our own commands say it themselves; Django's, such as migrate, don't.
            raise SystemExit(f"CommandError: The database can't be used: {str(error).strip()}") from None
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe, such as head, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the flush at the exit does not fail
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
