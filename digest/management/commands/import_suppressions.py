import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from digest.email.formatting import count
from digest.management.base import check_database, operator, person, require_file
from digest.ops import write_lock
from digest.ops.recovery import disk_errors
from digest.ops.recovery.start_up import require_keys
from digest.ops.uploaded_tables import as_text
from subscriptions import audit
from subscriptions.exchange.suppression_import import LABELS, SuppressionResult, import_list
from subscriptions.exchange.tables import TableError
from subscriptions.models import Suppression


class Command(BaseCommand):
    help = (
        "Suppress the addresses in a list: an export of Amazon SES, Mailgun, SendGrid, Postmark, Mailjet or Brevo in "
        "CSV or JSON, or a plain list. Their reasons are kept."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and change nothing")
        parser.add_argument(
            "--reason", choices=Suppression.Reason.values, default="", help="for addresses with none in the list"
        )
        parser.add_argument("--by", type=person, default="", metavar="NAME", help="who imports them, for the logs")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        require_keys()
        path: Path = options["file"]
        require_file(path)
        by, result = options["by"] or operator(), SuppressionResult()
        try:
            with as_text(path) as text:
                choices = {"reason": options["reason"], "dry_run": options["dry_run"]}
                for result in import_list(text, by=by, name=path.name, **choices):  # noqa: B007  # the last one is the result
                    write_lock.give_way()
        except TableError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The import stopped. {disk_errors.say(error)}") from error
        if not options["dry_run"]:
            number = result.counts["new"]
            added = f"{count(number, 'address', 'addresses')}."
            audit.record(by=by, action="Imported a suppression list.", target="suppression list", detail=added)
        self._report(result, options)

    def _report(self, result: SuppressionResult, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(result.counts))
            return
        if options["dry_run"]:
            self.stdout.write("Nothing was changed. The import would do this:")
        for name, label in LABELS.items():
            self.stdout.write(f"{result.counts[name]:>9,}  {label}")
        for problem in result.problems:
            self.stderr.write(problem)
