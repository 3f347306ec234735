from typing import Any

from django.core.management.base import CommandError, CommandParser

from subscriptions.management.base import ReaderCommand, ask
from subscriptions.readers import personal_data
from subscriptions.readers.consents import Trace


class Command(ReaderCommand):
    help = "Delete everything about one reader except keyed hashes (GDPR, art. 17). This can't be undone."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--yes", action="store_true", help="don't ask")

    def handle(self, *args: Any, **options: Any) -> None:
        reader = self.find(options)
        if not options["yes"] and ask(self.stderr, f"Erase reader {reader.uid}, {reader.email}? Type yes: ") != "yes":
            raise CommandError("Nothing was erased. Without a terminal, use --yes.")
        uid = reader.uid
        personal_data.erase(reader, Trace(where="command"))
        self.stdout.write(f"Reader {uid} is erased. Older backups still contain them.")
