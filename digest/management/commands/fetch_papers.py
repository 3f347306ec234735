import datetime as dt
from typing import Any

from django.core.management.base import CommandError, CommandParser

from digest.management.base import SummaryCommand, day, track
from digest.ops import pipeline
from digest.ops.pipeline import Summary

MAX_DAYS = 1_000  # in one call


class Command(SummaryCommand):
    help = "Read every active source for a day or a range of days. It can be repeated safely."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--from", dest="first", metavar="DAY", help="the first day of a range")
        parser.add_argument("--to", dest="last", metavar="DAY", help="the last day of a range; default: today")

    def run(self, options: dict[str, Any]) -> Summary:
        return pipeline.fetch(self._days(options), track=track)

    def _days(self, options: dict[str, Any]) -> list[dt.date]:
        if options["first"] is None:
            if options["last"] is not None:
                raise CommandError("--to requires --from: fetch_papers --from 2026-08-01 --to 2026-08-20.")
            return [self.day(options)]
        if options["date"] is not None:
            raise CommandError("Give either --date or --from and --to.")
        first, last = day(options["first"]), self.day(options) if options["last"] is None else day(options["last"])
        if first > last:
            raise CommandError(f"--from {first} is after --to {last}.")
        if (days := (last - first).days + 1) > MAX_DAYS:
            raise CommandError(f"From {first} to {last} are {days:,} days. Give at most {MAX_DAYS:,} at a time.")
        return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
