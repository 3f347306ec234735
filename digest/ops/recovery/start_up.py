"""The checks at the start of a process: its keys, and its release."""

import sys

from django.db import connection

from digest.ops.recovery import keys, releases


def require_keys(status: int = 1) -> None:
    """Print why this process has the wrong keys, and raise SystemExit with `status`. Return if they are right."""
    _stop_because("Keys", keys.problem(), status)


def require_release() -> None:
    """Print why this release must not run on the database, and raise SystemExit. Return if it may.

    Web processes of the release before keep running during an upgrade, so they do not call it.
    """
    _stop_because("Database", releases.problem(), 1)


def _stop_because(subject: str, problem: str, status: int) -> None:
    if not connection.in_atomic_block:
        connection.close()  # processes that are forked later must not share it
    if problem:
        print(f"{subject}: {problem}", file=sys.stderr)  # noqa: T201
        raise SystemExit(status)
