import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from subscriptions.management.base import check_migrations
from subscriptions.topics import catalogues
from subscriptions.topics.catalogue import CatalogueError


class Command(BaseCommand):
    help = "Load the catalogues of topics that are switched on. Topics that an admin edited stay unchanged."

    def add_arguments(self, parser: CommandParser) -> None:
        names = ", ".join(catalogues.SHIPPED)
        parser.add_argument("on", nargs="*", metavar="CATALOGUE", help=f"switch these on first: {names}")
        parser.add_argument(
            "--off",
            action="append",
            default=[],
            metavar="CATALOGUE",
            help="stop offering the topics of this one; readers who follow one keep it",
        )
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        check_migrations()
        _check_names([*options["on"], *options["off"]])
        try:
            for name in options["off"]:
                catalogues.switch_off(name)
            loaded = catalogues.load(options["on"])
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


def _check_names(names: list[str]) -> None:
    if unknown := sorted(set(names) - catalogues.SHIPPED.keys()):
        known = ", ".join(catalogues.SHIPPED)
        raise CommandError(f"There is no catalogue {', '.join(unknown)}. The catalogues are {known}.")
