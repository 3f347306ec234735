"""The stored answers of a language model to whether papers fit interests (rows of `Assessment`).

Matching only reads them. `digest.language_models.judge` asks for them, if the operator has set JUDGE_API_URL. Without
it nothing is read.
"""

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.db.models import Max

from digest.matching import Assessments, PaperText
from digest.models import Assessment

KEEP = dt.timedelta(days=60)
CHUNK = 500  # keys in a query


def of_papers(papers: Iterable[PaperText]) -> Assessments:
    """Return the assessments of `papers`."""
    found: dict[str, dict[str, bool]] = {}
    if settings.JUDGE_API_URL:
        keys = [paper.key for paper in papers]
        for start in range(0, len(keys), CHUNK):
            rows = Assessment.objects.filter(paper__key__in=keys[start : start + CHUNK], fits__isnull=False).order_by()
            for interest_key, key, fits in rows.values_list("interest_key", "paper__key", "fits"):
                found.setdefault(interest_key, {})[key] = bool(fits)
    return found


def newest(editions: Iterable[int]) -> dict[int, int]:
    """Return the id of the newest assessment in each of `editions` (ids) that has any."""
    if not settings.JUDGE_API_URL:
        return {}
    rows = Assessment.objects.filter(paper__edition__in=list(editions)).order_by()
    return dict(rows.values_list("paper__edition").annotate(Max("pk")))


def delete_old(*, now: dt.datetime) -> int:
    """Delete the assessments that are older than KEEP. Return their number."""
    return Assessment.objects.filter(asked_at__lt=now - KEEP).delete()[0]
