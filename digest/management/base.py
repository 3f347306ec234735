"""Shared parts of the commands: days as arguments, progress on a terminal, and a summary as text or JSON."""

import argparse
import datetime as dt
import fcntl
import getpass
import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection
from django.utils import timezone
from tqdm import tqdm

from digest.models import Source
from digest.ops.pipeline import NoEditionError, Summary
from digest.ops.recovery.start_up import require_keys, require_release

LONGEST_NAME = 100  # characters


def day(text: str) -> dt.date:
    """Parse a day of the command line. Raise CommandError with how to write it."""
    try:
        parsed = dt.date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"“{text}” is not a day. Write it like 2026-08-20.") from error
    if parsed > timezone.now().date():
        raise CommandError(f"{parsed} is in the future; today is {timezone.now().date()} (UTC).")
    return parsed


def require_file(path: Path) -> None:
    """Raise CommandError unless the file can be read, such as one in the home of another user."""
    try:
        with path.open("rb"):
            return
    except FileNotFoundError as error:
        raise CommandError(f"There is no file {path}.") from error
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}.") from error


def check_database() -> None:
    """Raise CommandError with what to do if the database can't be reached or has no tables yet."""
    try:
        is_prepared = Source._meta.db_table in connection.introspection.table_names()
    except OperationalError as error:
        raise CommandError(f"The database can't be reached: {str(error).strip()}") from error
    if not is_prepared:
        raise CommandError("The database is not prepared yet. Run `make run`, or manage.py migrate and load_topics.")


def operator() -> str:
    """Return the name of the person who runs the command, for the audit log."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (OSError, KeyError):  # a container's user may have no name
        return "command line"


def person(text: str) -> str:
    """Return the name of a person on the command line, if the logs have room for it."""
    if len(text) > LONGEST_NAME:
        raise argparse.ArgumentTypeError(f"the name is longer than {LONGEST_NAME} characters")
    return text


def check_links() -> None:
    """Raise CommandError if `make run` serves this data at an address that links in emails would not lead to."""
    try:
        with (settings.VAR_DIR / "allinone.lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return
    except BlockingIOError:
        served = (settings.VAR_DIR / "allinone.lock").read_text().splitlines()[-1]
        if served != settings.SITE_URL:
            raise CommandError(
                f"The site runs at {served}, but links in these emails would lead to {settings.SITE_URL}. "
                "Nothing was sent. Set PORT, HOST and SITE_URL to the values of the running site."
            ) from None


def track(items: list[Any]) -> Iterable[Any]:
    """Show the progress of a loop, on a terminal only."""
    # A terminal that does not know its own size gets a bar, too.
    columns, lines = shutil.get_terminal_size()
    bar: Iterable[Any] = tqdm(items, disable=None, leave=False, ncols=columns, nrows=lines)
    return bar


def show(total: int) -> Callable[[int], object]:
    """Show the progress of work in `total` parts, on a terminal only. Call the result with the number of parts done."""
    columns, lines = shutil.get_terminal_size()
    return tqdm(total=total, disable=None, leave=False, ncols=columns, nrows=lines).update


class SummaryCommand(BaseCommand):
    """A command that prints a summary at the end. Its exit status is 1 if something went wrong."""

    mails = False  # True if the command emails readers

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--date", metavar="DAY", help="the day, as 2026-08-20; default: today (UTC)")
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        if self.mails:
            check_links()
            require_keys()
            require_release()
        try:
            summary = self.run(options)
        except NoEditionError as error:
            raise CommandError(str(error)) from error
        except PermissionError as error:
            raise CommandError(f"{error.filename} can't be written by this user ({error.strerror}).") from error
        except KeyboardInterrupt as error:
            message = "Stopped. Finished work is kept. Run the same command again to continue."
            raise CommandError(message, returncode=130) from error
        self.stdout.write(json.dumps(summary.data) if options["json"] else summary.line)
        if not summary.ok:
            raise SystemExit(1)

    def run(self, options: dict[str, Any]) -> Summary:
        raise NotImplementedError

    def day(self, options: dict[str, Any]) -> dt.date:
        return timezone.now().date() if options["date"] is None else day(options["date"])
