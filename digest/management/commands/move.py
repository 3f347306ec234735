from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from digest import clock
from digest.management.base import check_database, show
from digest.ops.recovery import disk_errors, move
from digest.ops.recovery.database_dump import DumpError
from digest.ops.recovery.database_urls import parse_database_url
from digest.ops.recovery.keys import WrongKeyError
from digest.ops.recovery.move import MoveError


class Command(BaseCommand):
    help = "Copy everything into another, empty database. Stop web, workers and beat first. Run it again to continue."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", required=True, metavar="DATABASE_URL", help="the password belongs in ~/.pgpass")

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        url: str = options["to"]
        try:
            parse_database_url(url)
        except (KeyError, ValueError) as error:  # an unknown scheme; a port or an IPv6 address that does not exist
            raise CommandError(
                "Write --to like postgresql://user@host/name or sqlite:////path/of/db.sqlite3."
            ) from error
        try:
            counts = move.move(url, now=clock.now(), show=show)
        except (MoveError, DumpError, WrongKeyError, DatabaseError) as error:
            message = " ".join(str(error).split())
            is_raw = isinstance(error, DatabaseError)
            raise CommandError(f"Not moved. {disk_errors.with_advice(message) if is_raw else message}") from error
        except KeyboardInterrupt as error:
            raise CommandError("Stopped. Run the same command again to continue.", returncode=130) from error
        self.stdout.write(f"Moved {sum(counts.values())} rows of {len(counts)} tables, and counted them on both sides.")
        self.stdout.write(f"Put into .env, on every machine:\n\nDATABASE_URL={url}")
        if not settings.HAS_OWN_SECRET_KEY:
            self.stdout.write(f"SECRET_KEY=   # the content of {settings.VAR_DIR / 'secret_key'}")
        self.stdout.write("\nKeep VAR_DIR: it has the journals, and the log of sent emails. Staff log in again.")
