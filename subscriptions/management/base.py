"""What the commands about one reader share."""

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

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


def _uid(named: str) -> uuid.UUID:
    try:
        return uuid.UUID(named)
    except ValueError as error:
        raise CommandError(f"“{named}” is neither an e-mail address nor the uid of a reader.") from error
