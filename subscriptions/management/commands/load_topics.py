from typing import Any

from django.core.management.base import BaseCommand

from subscriptions import catalogue


class Command(BaseCommand):
    help = "Load the catalogue of topics. Topics that an admin edited stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = catalogue.load()
        self.stdout.write(
            f"Topics: {loaded.new} new, {loaded.updated} updated, {loaded.unchanged} unchanged, "
            f"{loaded.kept} left as an admin edited them."
        )
