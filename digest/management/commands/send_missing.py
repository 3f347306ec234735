from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from digest import clock
from digest.management.base import check_database
from digest.ops.recovery import settlement
from digest.ops.recovery.settlement import IncompleteLogError


class Command(BaseCommand):
    help = "After a restore: record who had a digest by the logs of sent emails, and resume, so that all others get it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--log", action="append", default=[], type=Path, metavar="FOLDER", help="the log of another machine"
        )
        parser.add_argument(
            "--logs-are-complete",
            action="store_true",
            help="don't look for missing logs: all emails that were sent are in the logs here and in those of --log",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        if missing := [folder for folder in options["log"] if not folder.is_dir()]:
            raise CommandError(f"{missing[0]} is not a folder.")
        try:
            done = settlement.send_missing(
                now=clock.now(), logs=options["log"], are_complete=options["logs_are_complete"]
            )
        except IncompleteLogError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(settlement.describe(done))
