"""The share of a test's data that `make test` tries. `make test-all` tries all of it."""

import os
from collections.abc import Iterable
from typing import Any

import pytest


def examples(number: int) -> int:
    """Return the number of examples of a property test: a quarter of `number` in `make test`."""
    return number // 4 if os.environ.get("HYPOTHESIS_PROFILE") == "quick" else number


def slow_after(number: int, cases: Iterable[Any]) -> list[Any]:
    """Return cases for `parametrize`. Those after the first `number` are slow: they repeat the check on more data."""
    first, others = list(cases)[:number], list(cases)[number:]
    return [*first, *(pytest.param(case, marks=pytest.mark.slow) for case in others)]
