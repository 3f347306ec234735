from typing import Any

from django.core.management.base import BaseCommand

from digest import clock
from digest.delivery import pauses
from digest.management.base import check_database, operator
from subscriptions import audit


class Command(BaseCommand):
    help = "End the pause of sending, also one that began by itself."

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        pause = pauses.current()
        if not pauses.end(now=clock.now()) or pause is None:
            self.stdout.write("Sending is not paused.")
            return
        audit.record(by=operator(), action="Ended.", target=pause)
        self.stdout.write(f"Sending resumes. It was paused since {pause.began_at:%Y-%m-%d %H:%M} UTC: {pause.reason}")
