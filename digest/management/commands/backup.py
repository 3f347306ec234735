from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from digest import clock
from digest.management.base import check_database
from digest.ops.health import backup_report
from digest.ops.recovery import backups, disk_errors
from digest.ops.recovery.backups import BackupError
from digest.ops.recovery.database_dump import DumpError
from digest.ops.recovery.keys import WrongKeyError


class Command(BaseCommand):
    help = "Back up the database and the keys into one private file. The site may be running."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="default: a name with the time, in VAR_DIR/backups")
        parser.add_argument(
            "--keep", type=int, metavar="N", help="delete all but the newest N backups with default names"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        if options["keep"] is not None and (options["keep"] < 1 or options["file"]):
            raise CommandError("--keep takes a number from 1, and no file: it is for backups with default names.")
        now = clock.now()
        try:
            path: Path = options["file"] or backups.default_path(now)
            manifest = backups.backup(path, now=now)
        except (BackupError, DumpError, WrongKeyError, OSError) as error:
            folder = options["file"].parent if options["file"] else settings.VAR_DIR / "backups"
            reason = disk_errors.describe(error, folder) if isinstance(error, OSError) else str(error)
            if options["keep"]:
                backup_report.note_failure(reason, now=now)
            raise CommandError(f"No backup was made. {reason}") from error
        readers, digests = (manifest.counts[name] for name in ("subscriptions_subscriber", "digest_delivery"))
        size = path.stat().st_size / 2**20
        self.stdout.write(f"{path}: {readers} readers, {digests} deliveries, {size:.1f} MB.")
        if options["keep"]:
            backup_report.note_success(now=now)
            deleted = backups.keep(options["keep"], path.parent)
            self.stdout.write(f"Deleted {len(deleted)} older ones.")
