"""A cache of slow counts, so that a large site does not repeat them on every page of the admin.

A count is kept for a hundred times as long as it took. So counting takes at most a hundredth of a process's time, and
a small site always sees the present.
"""

import hashlib
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from django.core.cache import cache

T = TypeVar("T")

SLOW = 0.05  # seconds; quicker ones are not kept
TIMES = 100


def remembered(name: str, count: Callable[[], T]) -> T:
    """Return the result of `count`, or that of an earlier call if it took long."""
    key = f"slow-count-{hashlib.sha256(name.encode()).hexdigest()}"
    kept: tuple[T] | None = cache.get(key)
    if kept is not None:
        return kept[0]
    began = monotonic()
    counted = count()
    took = monotonic() - began
    if took > SLOW:
        cache.set(key, (counted,), took * TIMES)
    return counted
