"""The embeddings of texts (rows of `Vector`): read from the database, or else computed and stored for all workers.

The first process that needs an embedding that is not stored loads the model. Usually that is a worker.
"""

import datetime as dt
import hashlib
import logging
from collections.abc import Callable, Iterable
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from digest.matching.similarity import DIMENSIONS, MODEL, missing_packages
from digest.models import Vector

if TYPE_CHECKING:
    from digest.matching.similarity import Vectors

logger = logging.getLogger(__name__)

Kind = Vector.Kind
CHUNK = 500  # keys in a query
BACKGROUND = 300  # papers, a sample that shows how similar texts usually are
KEEP = dt.timedelta(days=60)  # after the last use
A_WEEK = dt.timedelta(days=7)


@cache
def is_available() -> bool:
    """Return whether texts can be compared by meaning on this site. Log a warning if packages are missing."""
    if not settings.MATCH_BY_MEANING:
        return False
    missing = missing_packages()
    if missing:
        logger.warning("Matching works on words alone: %s not installed", ", ".join(missing))
    return not missing


def of_texts(texts: Iterable[str], kind: str, *, keep: bool = True) -> "dict[str, Vectors]":
    """Return the embedding of each text. Compute missing ones, at 0.1 s each, and store them if `keep` is true."""
    texts = list(texts)
    found = known(texts)
    missing = [text for text in dict.fromkeys(texts) if text not in found]
    for start in range(0, len(missing), CHUNK):
        found |= _encode_missing(missing[start : start + CHUNK], kind, keep=keep)
    return found


def known(texts: Iterable[str]) -> "dict[str, Vectors]":
    """Return the stored embeddings of `texts`."""
    keys = {key_of(text): text for text in texts}
    found: dict[str, Vectors] = {}
    today = timezone.now().date()
    for chunk in _chunks(list(keys)):
        rows = list(Vector.objects.filter(key__in=chunk))
        found |= {keys[row.key]: _unpack(row.values) for row in rows}
        _note_use([row.pk for row in rows if row.used_on < today - A_WEEK], today)
    return found


def missing(texts: Iterable[str]) -> int:
    """Return how many of `texts` have no stored embedding."""
    keys = list({key_of(text) for text in texts})
    return len(keys) - sum(Vector.objects.filter(key__in=chunk).count() for chunk in _chunks(keys))


def newest() -> int:
    """Return the id of the newest embedding, or 0 if there is none."""
    return Vector.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def background() -> "Vectors":
    """Return the embeddings of papers in general (see `background_ids`), one in each row."""
    import numpy as np

    rows = Vector.objects.filter(pk__in=background_ids()).order_by("-pk").values_list("values", flat=True)
    return np.array([_unpack(values) for values in rows], np.float32).reshape(-1, DIMENSIONS)


def background_ids() -> list[int]:
    """Return the ids of the embeddings that show how similar texts usually are.

    These are the newest ones of papers, but new papers replace them only once in BACKGROUND ids. So all processes
    compare texts with the same papers, and the score of a paper stays the same from hour to hour.
    """
    papers = Vector.objects.filter(kind=Kind.PAPER).order_by("-pk").values_list("pk", flat=True)
    newest = list(papers[: 2 * BACKGROUND])
    settled = [pk for pk in newest if pk <= newest[0] - newest[0] % BACKGROUND]
    return (settled if len(settled) >= BACKGROUND else newest)[:BACKGROUND]


def stack(vectors: "Iterable[Vectors]") -> "Vectors":
    """Return `vectors` as the rows of one array."""
    import numpy as np

    return np.array(list(vectors), np.float32).reshape(-1, DIMENSIONS)


def delete_unused(*, now: dt.datetime, needed: Callable[[], Iterable[str]] = tuple) -> int:
    """Delete the embeddings that were not used for KEEP, except of the texts `needed`. Return their number."""
    unused = Vector.objects.filter(used_on__lt=now.date() - KEEP)
    if not unused.exists():
        return 0
    keys = map(key_of, needed())
    while chunk := list(islice(keys, CHUNK)):
        unused.filter(key__in=chunk).update(used_on=now.date())
    return unused.delete()[0]


def key_of(text: str) -> str:
    return hashlib.sha256(f"{MODEL}\n{text}".encode()).hexdigest()


def _encode_missing(texts: list[str], kind: str, *, keep: bool) -> "dict[str, Vectors]":
    import numpy as np

    from digest.matching import encoder

    vectors = encoder.load().encode(texts)
    today = timezone.now().date()
    rows = [
        Vector(key=key_of(text), kind=kind, values=vector.astype(np.float16).tobytes(), used_on=today)
        for text, vector in zip(texts, vectors, strict=True)
    ]
    if keep:
        Vector.objects.bulk_create(rows, ignore_conflicts=True)  # another worker may have stored some already
    return {row_text: _unpack(row.values) for row_text, row in zip(texts, rows, strict=True)}


def _note_use(pks: list[int], today: dt.date) -> None:
    if pks:  # once a week, so that most reads do not write
        Vector.objects.filter(pk__in=pks).update(used_on=today)


def _unpack(values: bytes | memoryview) -> "Vectors":
    import numpy as np

    return np.frombuffer(values, np.float16).astype(np.float32)


def _chunks(values: list[str]) -> Iterable[list[str]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
