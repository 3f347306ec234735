from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from digest.management.base import check_database
from digest.ops.recovery import keys


class Command(BaseCommand):
    help = "Say whether SECRET_KEY and ADDRESS_HASH_KEY are those that this database was used with."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--accept", action="store_true", help="use these keys from now on, because the old ones are lost for good"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        if options["accept"]:
            losses = keys.accept()
            self.stdout.write(" ".join(["The keys of this process are the right ones from now on.", *losses]))
        elif problem := keys.problem():
            raise CommandError(problem)
        else:
            self.stdout.write("The keys are those that this database was used with.")
            if path := keys.stray_key_file():
                self.stdout.write(f"{path} holds another key. It is not used. Delete it if no email was sent with it.")
