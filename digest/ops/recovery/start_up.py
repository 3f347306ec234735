"""The check of the keys at the start of a process."""

import sys

from django.db import connection

from digest.ops.recovery import keys


def require_keys(status: int = 1) -> None:
    """Print why this process has the wrong keys, and raise SystemExit with `status`. Return if they are right."""
    problem = keys.problem()
    if not connection.in_atomic_block:
        connection.close()  # processes that are forked later must not share it
    if problem:
        print(f"Keys: {problem}", file=sys.stderr)  # noqa: T201
        raise SystemExit(status)
