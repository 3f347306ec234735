"""What was worked out is kept, up to a bound: of a million readers' own words most are asked for once. Pure."""

from typing import Generic, TypeVar

MOST = 5_000
MANY = 20_000  # of what is small

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """The last values, by what they were worked out from."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._values: dict[K, V] = {}
        self.get = self._values.get

    def keep(self, key: K, value: V) -> V:
        if len(self._values) >= self._most:
            self._values.clear()  # finding the oldest, one at a time, would cost more than working out anew
        self._values[key] = value
        return value
