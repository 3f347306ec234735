import argparse
import gc
import json
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from digest.management.base import check_database, operator, person, require_file, show
from digest.ops import write_lock
from digest.ops.recovery import disk_errors
from digest.ops.recovery.start_up import require_keys
from digest.ops.uploaded_tables import as_text
from subscriptions.exchange import private_files, products, reader_import
from subscriptions.exchange.products import FIELDS
from subscriptions.exchange.reader_file import ImportSettings, open_readers
from subscriptions.exchange.reader_import import DryRun, ReaderImporter
from subscriptions.exchange.reader_store import LABELS
from subscriptions.exchange.tables import TableError
from subscriptions.models import ReaderImport

FLAGS = {
    "confirm": "send each new reader a confirmation email instead of making them active",
    "update": "also change the preferences of readers who exist, and add topics",
    "suppress": "suppress the addresses that unsubscribed, bounced or complained in the other product",
}


def column(text: str) -> tuple[str, str]:
    kind, equals, name = text.partition("=")
    if kind not in FIELDS or not equals:
        raise argparse.ArgumentTypeError(f"“{text}” is not FIELD=COLUMN. The fields are {', '.join(FIELDS)}.")
    return kind, name


class Command(BaseCommand):
    help = (
        f"Import readers from a CSV, XLSX or zip file: exports of {products.names('and')}, or "
        "any table with an address in each row. Run it again to continue an import that was stopped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and change nothing")
        parser.add_argument("--consent-source", default="", metavar="TEXT", help="how the readers gave consent")
        parser.add_argument("--consent-date", default="", metavar="DAY", help="when they did, if no column says it")
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            type=column,
            metavar="FIELD=COLUMN",
            help=f"the column that contains a field; no column: leave it out. The fields are {', '.join(FIELDS)}",
        )
        parser.add_argument(
            "--topic", action="append", default=[], metavar="SLUG", help="for new readers whose row names no topic"
        )
        for name in ("language", "frequency", "time_zone"):
            default = getattr(ImportSettings, name)
            parser.add_argument(
                f"--{name.replace('_', '-')}", default=default, help=f"if the row names none; default: {default}"
            )
        for name, text in FLAGS.items():
            parser.add_argument(f"--{name}", action="store_true", help=text)
        parser.add_argument("--rejects", type=Path, help="the file for rejected rows; default: FILE.rejects.csv")
        parser.add_argument(
            "--by", type=person, default="", metavar="NAME", help="who imports them, for the log of consents"
        )
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        require_keys()
        path: Path = options["file"]
        require_file(path)
        try:
            with as_text(path) as text:
                self._import(text, path, options)
        except TableError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The import stopped. {disk_errors.say(error)}") from error
        except KeyboardInterrupt as error:
            message = "Stopped. What was stored is kept. Run the same command again to continue."
            raise CommandError(message, returncode=130) from error

    def _import(self, text: Path, path: Path, options: dict[str, Any]) -> None:
        gc.collect()
        gc.freeze()  # what lives until the end need not be looked at again: a fifth of the time
        now, by = timezone.now(), options["by"] or operator()
        file = open_readers(text, _settings(options), now=now, name=path.name)
        importer = ReaderImporter(file, by=by, now=now)
        self._say(options, f"{path.name} is read as {_article(file.product.name)}.")
        for _ in importer.check():
            pass
        if options["dry_run"]:
            self._try_out(importer, options)
            return
        rejects = options["rejects"] or path.with_name(f"{path.name}.rejects.csv")
        if not os.access(rejects.parent, os.W_OK):  # found out before the import, and not after it
            raise CommandError(f"{rejects} for rejected rows can't be written. Name another file with --rejects.")
        record = reader_import.begin(file, text, name=path.name, by=by, now=now)
        if record.rows_done:
            self._say(options, f"Continuing after {record.rows_done} of {importer.rows} rows.")
        update, before = show(importer.rows), 0
        for done in importer.run(record):
            update(done - before)
            before = done
            write_lock.give_way()
        record.refresh_from_db()
        self._report(record.counts, record.notes, options)
        _write_rejects(record, rejects, self.stderr.write)

    def _try_out(self, importer: ReaderImporter, options: dict[str, Any]) -> None:
        update, before, trial = show(importer.rows), 0, DryRun()
        for trial in importer.try_out():
            update(sum(trial.counts.values()) - before)
            before = sum(trial.counts.values())
        self._say(options, "Nothing was changed. The import would do this:")
        self._report(trial.counts, trial.notes(importer.file), options)
        for table, number, reason in [] if options["json"] else trial.problems:
            self.stdout.write(f"{table}, row {number}: {reason}")

    def _say(self, options: dict[str, Any], line: str) -> None:
        if not options["json"]:
            self.stdout.write(line)

    def _report(self, counts: dict[str, int], notes: list[str], options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps({"counts": counts, "notes": notes}, ensure_ascii=False))
            return
        for outcome, label in LABELS.items():
            if counts.get(outcome):
                self.stdout.write(f"{counts[outcome]:>9,}  {label}")
        for note in notes:
            self.stdout.write(note)


def _settings(options: dict[str, Any]) -> ImportSettings:
    names = ("consent_source", "consent_date", "language", "frequency", "time_zone", *FLAGS)
    given = {name: options[name] for name in names}
    return ImportSettings(columns=dict(options["column"]), topics=tuple(options["topic"]), **given)


def _article(product: str) -> str:
    return product if product.startswith("a ") else f"an export of {product}"


def _write_rejects(record: ReaderImport, path: Path, say: Any) -> None:
    """Write the rejected rows into a private file, if there are any, and forget them."""
    if not record.parts.exists():
        return
    with private_files.create(path) as file:
        for part in reader_import.rejects(record):
            file.write(part)
    record.parts.all().delete()
    say(f"The rejected rows are in {path}, with the reasons.")
