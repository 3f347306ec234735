import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from benchmarks import MODULES, report


def names(text: str) -> list[str]:
    chosen = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in chosen if name not in MODULES]
    if unknown or not chosen:
        raise argparse.ArgumentTypeError(f"“{', '.join(unknown)}” is not one of {', '.join(MODULES)}.")
    return chosen


def scale(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number <= 100:
        raise argparse.ArgumentTypeError(f"“{text}” is not a scale. Write a number such as 0.1, up to 100.")
    return number


class Command(BaseCommand):
    help = "Measure the speed of this software in separate databases; writes bench.json and bench.svg into VAR_DIR."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--only", type=names, default=list(MODULES), metavar="NAMES", help=", ".join(MODULES))
        parser.add_argument("--scale", type=scale, default=1.0, help="times as many readers and papers; default: 1")

    def handle(self, *args: Any, **options: Any) -> None:
        figures, missing = report.run(options["only"], options["scale"], self.stdout.write)
        for path in report.write(figures, options["scale"], settings.VAR_DIR):
            self.stdout.write(f"Wrote {path}")
        if missing:
            raise CommandError("Not measured: " + "; ".join(missing))
