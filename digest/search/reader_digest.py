"""The digest that a reader would get for any day, with what they follow now."""

from digest.editions import publication
from digest.matching import Index
from digest.models import Edition
from digest.personalization import paper_index, profiles
from digest.personalization.digest_selection import Digest, compose
from digest.search import index_cache
from subscriptions.models import Subscriber


def of_day(reader: Subscriber, edition: Edition) -> Digest:
    """Return the digest of one edition. Recent days use the cached indexes, older ones are indexed for it."""
    wanted = profiles.profile_of(reader)
    return compose(_index_of(edition), wanted, edition.day)


def _index_of(edition: Edition) -> Index:
    for day, index in index_cache.last().days:
        if day == edition.day:
            return index
    papers = publication.papers_of(edition).only(*index_cache.FIELDS)
    return paper_index.build_index(papers, for_page=True)
