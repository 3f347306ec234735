from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from digest.ops import database_wait


class Command(BaseCommand):
    help = "Wait until the database answers, such as before a container's first step."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seconds", type=float, default=60, help="the longest wait (default: 60)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            database_wait.wait(options["seconds"])
        except database_wait.NoDatabaseError as error:
            raise CommandError(str(error)) from error
