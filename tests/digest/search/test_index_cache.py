"""The cached indexes and the garbage collector."""

import gc
from collections.abc import Iterator

import pytest

from digest.models import Edition
from digest.search import index_cache
from digest.search.index_cache import _IndexCache


@pytest.fixture(autouse=True)
def unfrozen() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize(("many", "is_frozen"), [(3, True), (4, False)])
def test_large_indexes_are_exempt_from_garbage_collection(
    many: int, is_frozen: bool, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_cache, "MANY", many)
    monkeypatch.setattr(index_cache, "_cache", _IndexCache())
    assert len(index_cache.last().papers) == 3
    assert bool(gc.get_freeze_count()) == is_frozen
