from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from digest import clock
from digest.ops.recovery import backups, disk_errors
from digest.ops.recovery.backups import BackupError
from digest.ops.recovery.database_dump import DumpError


class Command(BaseCommand):
    help = "Restore a backup into the database of DATABASE_URL. Stop web, workers and beat first."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="replace the readers and editions that are there")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            notes = backups.restore(options["file"], replace=options["replace"], now=clock.now())
        except OSError as error:
            raise CommandError(f"Not restored. {disk_errors.describe(error, settings.VAR_DIR)}") from error
        except (BackupError, DumpError, OperationalError) as error:
            raise CommandError(f"Not restored. {disk_errors.with_advice(str(error).strip())}") from error
        self.stdout.write("\n".join(["Restored.", *notes]))
