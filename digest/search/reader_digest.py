"""The digest that a reader would get for an edition, with what they follow now.

Everything that shows such a digest before it is sent calls `of_edition`: the page “For you”, the admin, and the welcome
email. So they show the same papers. A digest that is sent is made from an index of its own, which waits for embeddings
(see `digest.email.batch.composer`).
"""

import datetime as dt
from collections.abc import Set as AbstractSet

from digest.editions import candidates
from digest.matching import Index, Match
from digest.models import Edition, Paper
from digest.personalization import paper_index, profiles
from digest.personalization.digest_selection import Digest, compose, is_by_interest
from digest.search import index_cache
from subscriptions.models import Subscriber


def of_edition(reader: Subscriber, edition: Edition, dismissed: AbstractSet[int] | None = None) -> Digest:
    """Return the digest of an edition, or for a weekly reader of the days since their last digest, a week at most.

    Its papers have only the columns that matching needs: see `with_whole_papers`. A page that knows the ids of the
    papers that were not for the reader passes them, and saves a query.
    """
    index = _index_of(edition, candidates.weekly_cutoff(edition, reader))
    keys = None if dismissed is None else _keys_of(index, dismissed)
    return compose(index, profiles.profile_of(reader, keys), edition.day)


def by_interest(reader: Subscriber, edition: Edition, dismissed: AbstractSet[int] | None = None) -> list[Match]:
    """Return what the digest of an edition holds because of the reader's interests, without merely popular papers."""
    return [match for match in of_edition(reader, edition, dismissed).for_you if is_by_interest(match.findings)]


def with_whole_papers(digest: Digest) -> Digest:
    """Return the digest with all columns of its papers, and their pictures, as emails need them."""
    keys = [match.paper.key for match in digest.matches]
    papers = candidates.with_pictures(Paper.objects.filter(key__in=keys, is_hidden=False))
    return digest.with_papers({paper.key: paper for paper in papers})


def _keys_of(index: Index, ids: AbstractSet[int]) -> frozenset[str]:
    return frozenset(paper.key for paper in index.papers if isinstance(paper, Paper) and paper.pk in ids)


def _index_of(edition: Edition, cutoff: dt.date | None) -> Index:
    """Return a cached index if there is one, or else an index of the edition, or of the days after `cutoff`."""
    if cutoff is None or cutoff == edition.day - candidates.WEEK:
        recent = index_cache.last() if cutoff is None else index_cache.last_week()
        for day, index in recent.days:
            if day == edition.day:
                return index
    papers = candidates.papers(edition, cutoff).only(*index_cache.FIELDS)
    return paper_index.build_index(papers, for_page=True)
