"""What the commands share."""

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from subscriptions.models import Subscriber


class ReaderCommand(BaseCommand):
    """A command about the reader whom its argument names, by address or by the uid of the logs."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reader", metavar="READER", help="the reader's e-mail address, or their uid")

    def find(self, options: dict[str, Any]) -> Subscriber:
        named: str = options["reader"]
        found = Subscriber.objects.by_email(named) if "@" in named else Subscriber.objects.filter(uid=_uid(named))
        reader = found.first()
        if reader is None:
            raise CommandError(f"There is no reader {named}. An address can be suppressed without being a reader's.")
        return reader


def check_migrations() -> None:
    """Raise CommandError, saying what to do, where the database can't be reached or is behind the code."""
    try:
        executor = MigrationExecutor(connection)
        is_behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        raise CommandError(f"The database can't be reached: {str(error).strip()}") from error
    if is_behind:
        raise CommandError("The database is not prepared for this version yet. Run manage.py migrate first.")


def _uid(named: str) -> uuid.UUID:
    try:
        return uuid.UUID(named)
    except ValueError as error:
        raise CommandError(f"“{named}” is neither an e-mail address nor the uid of a reader.") from error
