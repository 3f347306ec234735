"""How much work something is, by what it does and not by a clock."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def steps(work: Callable[..., object], *args: object) -> int:
    """How many lines of Python `work` runs; what regular expressions do within one is not seen."""
    count = 0

    def look(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        count += 1
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        work(*args)
    finally:
        sys.settrace(before)
    return count
