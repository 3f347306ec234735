"""Seconds that go on while the machine sleeps: a laptop that was closed for an hour has lost its leases."""

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def seconds() -> float:
    """Since some moment in the past; never set back."""
    return time.clock_gettime(_CLOCK)
