import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from digest.management.base import check_database, operator
from digest.ops.recovery import disk_errors
from subscriptions import audit
from subscriptions.exchange import export, private_files
from subscriptions.models import Subscriber, Topic


def midnight(text: str) -> dt.datetime:
    return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), dt.UTC)


class Command(BaseCommand):
    help = "Write readers as CSV to the standard output, or into a file that only you can read."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--status", action="append", choices=Subscriber.Status.values, default=[], help="can be repeated"
        )
        parser.add_argument("--frequency", choices=Subscriber.Frequency.values, default="")
        parser.add_argument("--topic", metavar="SLUG", default="", help="those who follow this topic")
        parser.add_argument("--from", dest="since", type=midnight, metavar="DAY", help="signed up on that day or later")
        parser.add_argument("--before", type=midnight, metavar="DAY", help="signed up before that day")
        parser.add_argument(
            "--column", action="append", choices=list(export.COLUMNS), default=[], help="can be repeated; default: all"
        )
        parser.add_argument(
            "--suppressions", action="store_true", help="write the suppression list instead, with keyed hashes"
        )
        parser.add_argument("--output", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        if options["topic"] and not Topic.objects.filter(slug=options["topic"]).exists():
            raise CommandError(f"There is no topic {options['topic']}. Topics are named by their slugs.")
        if options["since"] and options["before"] and options["since"] >= options["before"]:
            raise CommandError("--from must be before --before.")
        output: Path | None = options["output"]
        if output and (output.is_dir() or not os.access(output.parent, os.W_OK)):
            raise CommandError(f"{output} can't be written. Name a file in a folder of the user who runs this.")
        lines = export.suppressions() if options["suppressions"] else _readers(options)
        what = "Exported the suppression list." if options["suppressions"] else "Exported readers."
        audit.record(by=operator(), action=what, target="readers")
        if output is None:
            for part in lines:
                self.stdout.write(part, ending="")
            return
        try:
            private_files.write(output, map(str.encode, lines))
        except OSError as error:
            raise CommandError(f"No file was written. {disk_errors.say(error)}") from error


def _readers(options: dict[str, Any]) -> Iterator[str]:
    chosen = export.choose(
        status=options["status"],
        frequency=options["frequency"],
        topic=options["topic"],
        signed_up_from=options["since"],
        signed_up_before=options["before"],
    )
    return export.readers(chosen, options["column"])
