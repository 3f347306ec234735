from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from digest.delivery import shard_worker, trial


class Command(BaseCommand):
    help = "Send one quarantined email. Workers start this process, so that a crash affects nothing else."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("shard", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        trial.be_killed_first()
        shard_worker.send_quarantined(options["shard"])
