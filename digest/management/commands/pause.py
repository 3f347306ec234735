import datetime as dt
import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from digest import clock
from digest.delivery import pauses
from digest.management.base import check_database, operator
from subscriptions import audit
from subscriptions.time_zones import in_utc

UNITS = {"m": "minutes", "h": "hours", "d": "days"}
HOW = "Write it in UTC like 2026-08-20T18:00, or as a time from now like 90m, 2h or 3d."


def moment(text: str, *, now: dt.datetime) -> dt.datetime:
    """Parse a time of the command line, absolute or from `now`. Raise CommandError with how to write it."""
    try:
        if span := re.fullmatch(r"(\d{1,5})([mhd])", text.strip()):
            return now + dt.timedelta(**{UNITS[span[2]]: int(span[1])})
        parsed = in_utc(dt.datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise CommandError(f"“{text}” is not a time. {HOW}") from error
    if parsed <= now:
        raise CommandError(f"{text} is over: it is {now:%Y-%m-%d %H:%M} UTC now.")
    return parsed


class Command(BaseCommand):
    help = "Pause sending: no digest is sent until the pause ends. The opposite is manage.py resume."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reason", metavar="REASON", help="shown in the admin")
        parser.add_argument("--until", metavar="TIME", help=f"when it ends by itself. {HOW}")

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        now, by, reason = clock.now(), operator(), options["reason"].strip()
        if not reason:
            raise CommandError("Give a reason, so that others know why nothing is sent.")
        until = moment(options["until"], now=now) if options["until"] else None
        if not pauses.start_by_hand(reason, by=by, until=until, now=now):
            pause = pauses.current()
            raise CommandError(f"Sending is paused already: {pause.reason if pause else 'it has just ended'}")
        end = f"until {until:%Y-%m-%d %H:%M} UTC" if until else "until manage.py resume"
        audit.record(by=by, action=f"Paused sending {end}.", target=pauses.current() or "", detail=reason)
        self.stdout.write(f"Sending is paused {end}. Emails already being sent finish within seconds.")
