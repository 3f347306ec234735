import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from subscriptions.management.base import check_migrations
from subscriptions.topics import catalogue
from subscriptions.topics.catalogue import CatalogueError


class Command(BaseCommand):
    help = "Load the catalogue of topics. Topics that an admin edited stay unchanged."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        check_migrations()
        try:
            loaded = catalogue.load()
        except CatalogueError as error:
            raise CommandError(f"{error} Nothing was loaded.") from error
        line = (
            f"Topics: {loaded.new} new, {loaded.updated} updated, {loaded.unchanged} unchanged, "
            f"{loaded.kept} left as an admin edited them."
        )
        self.stdout.write(json.dumps(asdict(loaded)) if options["json"] else line)
        if loaded.lost:
            self.stderr.write(
                f"Broader topics find nothing by some topics that they include: {'; '.join(loaded.lost)}. "
                "In the admin, choose topics that exist and include no others."
            )
