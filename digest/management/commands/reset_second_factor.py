from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from digest.management.base import check_database
from digest.ops.staff import second_factor, sessions


class Command(BaseCommand):
    help = "Remove the second factor of an account, for a lost phone without recovery codes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", metavar="USER", help="the name that they log in with")

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no account {options['user']}.")
        if not second_factor.remove(user):
            raise CommandError(f"{user} has no second factor. Nothing was changed.")
        sessions.end_all(user)
        self.stdout.write(f"{user} logs in with the password alone now, and can set up a new second factor.")
