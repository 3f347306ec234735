from typing import Any

from digest.management.base import SummaryCommand
from digest.ops import pipeline
from digest.ops.pipeline import Summary


class Command(SummaryCommand):
    help = "Publish the day's papers as an edition and close it. A second run changes nothing."

    def run(self, options: dict[str, Any]) -> Summary:
        return pipeline.publish(self.day(options))
