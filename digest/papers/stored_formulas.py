"""Rewrite the TeX of stored papers as plain Unicode, after an upgrade to code that reads more of it."""

import operator
from functools import reduce

from django.db.models import Q

from digest.models import Paper
from digest.models.papers import title_key
from digest.papers.deduplication import fingerprint
from digest.text.latex import from_tex

CHUNK = 500  # papers in memory
TEXTS = ("title", "abstract", "summary")
COLUMNS = {"id", *TEXTS, "authors", "fingerprint", "title_key"}  # that `rewrite` reads
SIGNS = ("^", "_{", "\\", "{", "_0", "_1", "_2", "times")  # each formula that a source leaves contains one of these


def rewrite(using: str) -> int:
    """Rewrite the texts of all papers in the database `using`. Return the number of changed papers."""
    maybe = reduce(operator.or_, (Q(**{f"{name}__contains": sign}) for name in TEXTS for sign in SIGNS))
    papers = Paper.objects.using(using).filter(maybe).order_by("pk").only(*TEXTS, "authors", "fingerprint", "title_key")
    count = last = 0
    while chunk := list(papers.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1].pk
        changed = [paper for paper in chunk if _rewrite(paper)]
        Paper.objects.using(using).bulk_update(changed, [*TEXTS, "fingerprint", "title_key"], batch_size=100)
        count += len(changed)
    return count


def _rewrite(paper: Paper) -> bool:
    """Rewrite the texts of `paper`, and return whether that changed any."""
    before = [getattr(paper, name) for name in TEXTS]
    after = list(map(from_tex, before))
    for name, text in zip(TEXTS, after, strict=True):
        setattr(paper, name, text)
    paper.fingerprint, paper.title_key = fingerprint(paper.title, paper.authors), title_key(paper.title)
    return before != after
