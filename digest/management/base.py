"""What the commands share: days as arguments, progress on a terminal, one line (or JSON) at the end."""

import datetime as dt
import fcntl
import json
import shutil
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection
from django.utils import timezone
from tqdm import tqdm

from digest.models import Source
from digest.ops.pipeline import NoEditionError, Summary


def day(text: str) -> dt.date:
    """A day on the command line. Raises CommandError, saying how to write one."""
    try:
        found = dt.date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"“{text}” is not a day. Write it like 2026-08-20.") from error
    if found > timezone.now().date():
        raise CommandError(f"{found} is in the future; today is {timezone.now().date()} (UTC).")
    return found


def check_database() -> None:
    """Raise CommandError, saying what to do, where the database can't be reached or was never prepared."""
    try:
        is_prepared = Source._meta.db_table in connection.introspection.table_names()
    except OperationalError as error:
        raise CommandError(f"The database can't be reached: {str(error).strip()}") from error
    if not is_prepared:
        raise CommandError("The database is not prepared yet. Run `make run`, or manage.py migrate and load_topics.")


def check_links() -> None:
    """Raise CommandError where `make run` serves another address on this data than links in mails would lead to."""
    try:
        with (settings.VAR_DIR / "allinone.lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return
    except BlockingIOError:
        served = (settings.VAR_DIR / "allinone.lock").read_text().splitlines()[-1]
        if served != settings.SITE_URL:
            raise CommandError(
                f"The site runs at {served}, and links in these mails would lead to {settings.SITE_URL}. "
                "Nothing was sent: set PORT, HOST and SITE_URL as they are for it."
            ) from None


def track(items: list[Any]) -> Iterable[Any]:
    """Show how far a loop has come, on a terminal only."""
    # A terminal that does not know its size gets a bar all the same.
    columns, lines = shutil.get_terminal_size()
    bar: Iterable[Any] = tqdm(items, disable=None, leave=False, ncols=columns, nrows=lines)
    return bar


def show(total: int) -> Callable[[int], object]:
    """Show how far something of `total` parts has come, on a terminal only: call with how many more are done."""
    columns, lines = shutil.get_terminal_size()
    return tqdm(total=total, disable=None, leave=False, ncols=columns, nrows=lines).update


class SummaryCommand(BaseCommand):
    """A command that ends with a summary. Its exit status is 1 when something went wrong."""

    mails = False  # readers, with links to the site

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--date", metavar="DAY", help="the day, as 2026-08-20; default: today (UTC)")
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        if self.mails:
            check_links()
        try:
            summary = self.run(options)
        except NoEditionError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            kept = "Stopped. What was done is kept, and the same command can be run again."
            raise CommandError(kept, returncode=130) from error
        self.stdout.write(json.dumps(summary.data) if options["json"] else summary.line)
        if not summary.ok:
            raise SystemExit(1)

    def run(self, options: dict[str, Any]) -> Summary:
        raise NotImplementedError

    def day(self, options: dict[str, Any]) -> dt.date:
        return timezone.now().date() if options["date"] is None else day(options["date"])
