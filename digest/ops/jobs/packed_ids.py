"""Sets of row ids as short text: a million neighboring ids take a few kilobytes. Pure."""

import base64
import zlib
from collections.abc import Iterable
from itertools import accumulate, pairwise


def pack(pks: Iterable[int]) -> str:
    """Return the ids, in ascending order, as text that JSON can hold."""
    ordered = sorted(set(pks))
    gaps = [*ordered[:1], *(after - before for before, after in pairwise(ordered))]
    return base64.b64encode(zlib.compress(",".join(map(str, gaps)).encode())).decode()


def unpack(packed: str) -> list[int]:
    """Return the ids in ascending order."""
    gaps = zlib.decompress(base64.b64decode(packed)).decode()
    return list(accumulate(map(int, gaps.split(",")))) if gaps else []
