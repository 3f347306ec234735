from typing import Any

from digest.management.base import SummaryCommand, show
from digest.ops import pipeline
from digest.ops.pipeline import Summary


class Command(SummaryCommand):
    help = "Send the day's edition now to all readers who have not had it yet. No one gets it twice."

    mails = True

    def run(self, options: dict[str, Any]) -> Summary:
        return pipeline.send(self.day(options), show=show)
