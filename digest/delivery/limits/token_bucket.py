"""Token buckets: each fills at its rate up to what it holds, and a mail takes a token out of each that applies."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

BURST = 1.0  # seconds' worth that a bucket holds: a rate is a rate, also at the full hour


class Bucket(NamedTuple):
    """`name` is the same for all who share it."""

    name: str
    a_second: float

    @property
    def capacity(self) -> float:
        return max(1.0, self.a_second * BURST)


class TakeResult(NamedTuple):
    """How many tokens were taken out of each bucket; if none, for how many seconds there is none, and in which."""

    tokens: int
    seconds: float = 0.0
    empty: str = ""


class BucketStore(Protocol):
    """Where the levels of buckets are kept."""

    def take(self, buckets: Sequence[Bucket], wanted: int) -> TakeResult:
        """Take as many as there are in all of `token_bucket`, `wanted` at most. A negative number gives tokens back."""
        ...
