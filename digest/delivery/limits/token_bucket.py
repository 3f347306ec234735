"""Token buckets. Each fills at its rate up to its capacity, and an email takes one token from each that applies."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

BURST = 1.0  # seconds of its rate that a bucket holds, so that no burst exceeds the rate


class Bucket(NamedTuple):
    """A bucket. Workers that use the same name share it."""

    name: str
    per_second: float

    @property
    def capacity(self) -> float:
        return max(1.0, self.per_second * BURST)


class TakeResult(NamedTuple):
    """The number of tokens taken out of each bucket. If it is 0: the empty bucket, and the seconds until it has one."""

    tokens: int
    seconds: float = 0.0
    empty: str = ""


class BucketStore(Protocol):
    """A store of the levels of buckets."""

    def take(self, buckets: Sequence[Bucket], wanted: int) -> TakeResult:
        """Take up to `wanted` tokens out of each bucket, the same number from all. A negative number returns tokens."""
        ...
