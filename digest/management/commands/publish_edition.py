from typing import Any

from digest.management.base import SummaryCommand
from digest.operating import operations
from digest.operating.operations import Summary


class Command(SummaryCommand):
    help = "Freeze and publish the day's papers as an edition. A second run changes nothing."

    def run(self, options: dict[str, Any]) -> Summary:
        return operations.publish(self.day(options))
