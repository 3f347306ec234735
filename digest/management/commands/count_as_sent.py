import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from digest import clock
from digest.management.base import check_database
from digest.ops.recovery import settlement
from digest.ops.recovery.settlement import IncompleteLogError
from subscriptions.time_zones import in_utc


class Command(BaseCommand):
    help = "After a restore: count the digests that were due until a time as sent, and resume sending."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until", metavar="TIME", help="UTC, as 2026-08-20T09:30; default: the last known email")

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        try:
            done = settlement.count_as_sent(_moment(options["until"]), now=clock.now())
        except IncompleteLogError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(settlement.describe(done))


def _moment(text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    try:
        moment = in_utc(dt.datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise CommandError(f"“{text}” is not a time. Write it in UTC like 2026-08-20T09:30.") from error
    if moment > clock.now():
        raise CommandError(f"{text} is in the future.")
    return moment
