"""The report of a process that refuses to start because its keys are wrong. Others then alert the operators."""

from django.db import DatabaseError, InterfaceError, connection

from digest import clock
from digest.ops.health import heartbeats, incidents
from digest.ops.recovery import keys

INCIDENT = "keys"


def report_wrong_keys() -> None:
    """Begin an incident if this process has other keys than the database."""
    try:
        if problem := keys.problem():
            host = heartbeats.host()
            heading = f"A process on {host} has other keys than the database, and does not start"
            incidents.begin(f"{INCIDENT}:{host}", heading, problem, now=clock.now())
    except (DatabaseError, InterfaceError):
        pass  # the database is down; the process says so itself
    finally:
        if not connection.in_atomic_block:
            connection.close()  # processes that are forked later must not share it
