from typing import Any

from digest.management.base import SummaryCommand, show
from digest.operating import operations
from digest.operating.operations import Summary


class Command(SummaryCommand):
    help = "Send the day's edition to every reader who has not had it, whatever their hour. Nobody gets it twice."

    mails = True

    def run(self, options: dict[str, Any]) -> Summary:
        return operations.send(self.day(options), show=show)
