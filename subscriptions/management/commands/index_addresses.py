from typing import Any

from django.core.management.base import BaseCommand, CommandError

from subscriptions import address_index
from subscriptions.address_index import AddressIndexError
from subscriptions.management.base import check_migrations


class Command(BaseCommand):
    help = (
        "Create indexes for the admin's search by a part of an address or of readers' own words. They are worthwhile "
        "on PostgreSQL with hundreds of thousands of readers. The site may run meanwhile."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        check_migrations()
        try:
            is_new = address_index.create()
        except AddressIndexError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The indexes are ready." if is_new else "The indexes exist already.")
