"""A bounded cache for results that are expensive to compute. Pure."""

from typing import Generic, TypeVar

MAX_ENTRIES = 5_000  # entries
MAX_SMALL_ENTRIES = 20_000  # entries, for small values

K = TypeVar("K")
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """A cache of at most `max_entries` values with two generations, young and old.

    When the young generation is full, it becomes the old one, and the previous old one is dropped. A value that is
    read from the old generation moves to the young one. So popular values survive, as in an LRU cache, but no entry's
    age has to be tracked: most filters of a million readers are looked up only once.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self.max_young = max_entries // 2  # at least that many of the values that were put last are kept
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        value = self._young.get(key)
        if value is None and (value := self._old.get(key)) is not None:
            self.put(key, value)
        return value

    def put(self, key: K, value: V) -> V:
        if len(self._young) >= self.max_young:
            self._young, self._old = {}, self._young
        self._young[key] = value
        return value
