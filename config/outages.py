"""A log filter: an error of an unreachable database or broker becomes one line without a traceback.

The console then shows that line at most once a minute, no matter which part of the process hit the error.
"""

import logging

import kombu.exceptions
import redis
from celery.beat import SchedulingError
from django.db import InterfaceError, OperationalError

_BROKER_ERRORS = (kombu.exceptions.OperationalError, redis.ConnectionError, redis.TimeoutError)
# PostgreSQL's classes of errors: connection exceptions, and operator intervention such as a shutdown.
_CONNECTION_STATES = ("08", "57P")


def missing_service(error: BaseException | None) -> str:
    """Return which service the error shows to be unreachable, or an empty string."""
    if isinstance(error, SchedulingError):
        error = error.__cause__ or error.__context__
    if isinstance(error, _BROKER_ERRORS):
        return "broker"
    if isinstance(error, InterfaceError | OperationalError) and type(error.__cause__).__module__.startswith("psycopg"):
        state = getattr(error.__cause__, "sqlstate", None)
        if state is None or state.startswith(_CONNECTION_STATES):
            return "database"
    return ""


class OneLine(logging.Filter):
    """Shorten errors of an unreachable service to one line, the same for each, so that repeats are counted."""

    def filter(self, record: logging.LogRecord) -> bool:
        service = missing_service(record.exc_info[1] if record.exc_info else None)
        if service:
            record.name, record.levelno, record.levelname = "outage", logging.ERROR, "ERROR"
            record.msg, record.args = f"The {service} can't be reached", ()
            record.exc_info = record.exc_text = None
        return True
