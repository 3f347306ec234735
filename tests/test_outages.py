"""Errors of a database or broker that can't be reached are one line in the log; others keep their traceback."""

import logging
import sys

import psycopg
import pytest
import redis
from django.db import OperationalError
from psycopg.errors import AdminShutdown, DeadlockDetected

from config.outages import OneLine


def caused_by(error: Exception) -> Exception:
    """Return Django's error for this one of the driver."""
    wrapped = OperationalError(str(error))
    wrapped.__cause__ = error
    return wrapped


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (caused_by(psycopg.OperationalError("connection refused")), "The database can't be reached"),
        (caused_by(AdminShutdown("terminating connection")), "The database can't be reached"),
        (redis.ConnectionError("Error 111"), "The broker can't be reached"),
        (caused_by(DeadlockDetected("deadlock detected")), "failed"),
        (ZeroDivisionError(), "failed"),
    ],
)
def test_it_shortens_errors_of_services_that_are_down(error: Exception, line: str) -> None:
    try:
        raise error
    except Exception:
        record = logging.LogRecord("celery", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    assert OneLine().filter(record)
    assert record.getMessage() == line
    assert (record.exc_info is None) == (line != "failed")
