"""The number of examples that property tests try: all in `make test-all`, a quarter in `make test`."""

import os


def examples(number: int) -> int:
    return number // 4 if os.environ.get("HYPOTHESIS_PROFILE") == "quick" else number
