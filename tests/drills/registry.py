"""The registry of drills, and what each returns."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ALERT_WITHIN = 120.0  # seconds


class Context(NamedTuple):
    """The arguments of a drill: an empty folder of its own, and whether to be quick."""

    folder: Path
    is_short: bool


@dataclass(frozen=True)
class Outcome:
    """The result of a drill. Times are in seconds; None means never."""

    alert_after: float | None = None  # from the failure to the alert
    recovered_after: float | None = None  # from the end of the failure until everything works again
    lost: int = 0  # readers who did not get their email
    twice: int = 0  # surplus emails
    note: str = ""
    needs_alert: bool = True
    failed: str = ""  # why the drill failed for another reason

    @property
    def is_good(self) -> bool:
        is_alerted = not self.needs_alert or (self.alert_after is not None and self.alert_after <= ALERT_WITHIN)
        return is_alerted and self.recovered_after is not None and not (self.lost or self.twice or self.failed)


@dataclass(frozen=True)
class Drill:
    """A drill. Those of one group run one after the other in the same process, and may share what they started."""

    name: str
    run: Callable[[Context], Outcome]
    group: str


DRILLS: dict[str, Drill] = {}
CLEAN_UP = ExitStack()  # closed when the drills of this process are over


def drill(name: str, *, group: str = "") -> Callable[[Callable[[Context], Outcome]], Callable[[Context], Outcome]]:
    """Register a drill. Without a `group` it runs in a process of its own."""

    def register(run: Callable[[Context], Outcome]) -> Callable[[Context], Outcome]:
        DRILLS[name] = Drill(name, run, group or name)
        return run

    return register
