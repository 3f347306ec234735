"""What was worked out is kept, up to a bound: of a million readers' own words most are asked for once. Pure."""

from typing import Generic, TypeVar

MOST = 5_000
MANY = 20_000  # of what is small

K = TypeVar("K")
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """The last values, by what they were worked out from.

    They grow old together: when as many are young as may be kept of one age, the old ones are forgotten, but for those
    that were asked for since. What many ask for stays, and finding the oldest, one at a time, would cost more.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most_of_an_age = most // 2
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        found = self._young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.keep(key, found)
        return found

    def keep(self, key: K, value: V) -> V:
        if len(self._young) >= self._most_of_an_age:
            self._young, self._old = {}, self._young
        self._young[key] = value
        return value
