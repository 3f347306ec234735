"""Wait for the database, in containers that start together with it."""

import time
from collections.abc import Callable

from django.db import Error, connection

PAUSE = 1.0  # seconds


class NoDatabaseError(Exception):
    """The database did not answer in time. The message says why and what to do."""


def wait(seconds: float, *, sleep: Callable[[float], object] = time.sleep) -> None:
    """Return once the database answers. Raise NoDatabaseError after `seconds`."""
    began_at = time.monotonic()
    while True:
        try:
            connection.ensure_connection()
            return
        except Error as error:
            if time.monotonic() - began_at >= seconds:
                raise NoDatabaseError(
                    f"The database has not answered for {seconds:g} seconds: {str(error).strip()}. "
                    "Check DATABASE_URL, and that the server runs and can be reached from here."
                ) from error
        sleep(PAUSE)
