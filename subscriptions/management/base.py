"""The base of commands about a reader, and the check for unapplied migrations."""

import sys
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from subscriptions.models import Subscriber


class ReaderCommand(BaseCommand):
    """A command about one reader, given by address or by the uid in the logs."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "reader",
            metavar="READER",
            nargs="?",
            help="the reader's email address or uid; default: ask, because sudo logs what is on the command line",
        )

    def find(self, options: dict[str, Any]) -> Subscriber:
        """Return the reader. Raise CommandError if there is none."""
        check_migrations()
        given: str = options["reader"] or ask(self.stderr, "Email address or uid: ")
        readers = Subscriber.objects.by_email(given) if "@" in given else Subscriber.objects.filter(uid=_uid(given))
        reader = readers.first()
        if reader is None:
            raise CommandError(f"There is no reader {given}. An address can be suppressed without being a reader's.")
        return reader


def ask(output: OutputWrapper, question: str) -> str:
    """Return the answer, or an empty string. The question goes to `output`, because the result may go to a file."""
    output.write(question, ending="")
    output.flush()
    return sys.stdin.readline().strip()


def check_migrations() -> None:
    """Raise CommandError with advice if the database can't be reached or has unapplied migrations."""
    try:
        executor = MigrationExecutor(connection)
        is_behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        raise CommandError(f"The database can't be reached: {str(error).strip()}") from error
    if is_behind:
        raise CommandError("The database is not prepared for this version yet. Run manage.py migrate first.")


def _uid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise CommandError(f"“{text}” is neither an email address nor the uid of a reader.") from error
