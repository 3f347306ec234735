"""The content of the Atom feeds: all papers, the papers of a topic or a search, and the papers for one reader.

A paper's entry keeps its id and its date if the paper's key, text or votes change, so that feed readers show it as new
only once.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from digest.editions import publication
from digest.models import Paper
from digest.personalization import profiles
from digest.personalization.digest_selection import compose
from digest.search import index_cache, paper_search
from digest.site import topics
from digest.text.cleanup import clean
from subscriptions.models import Subscriber, Topic
from subscriptions.query import validation

MAX_ENTRIES = 100  # entries
SEARCH_PAGES = 2
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_NOT_IN_XML = re.compile("[\ufffe\uffff]")  # in addition to the controls that `clean` removes


@dataclass(frozen=True)
class FeedEntry:
    """The entry of a published paper."""

    id: str
    paper: Paper
    published: dt.datetime
    topics: Sequence[topics.TopicLabel]


@dataclass(frozen=True)
class Feed:
    """An Atom feed (RFC 4287), ready for the template."""

    id: str
    title: str
    subtitle: str
    address: str  # the feed's own path
    page: str  # the path of the page that shows the same papers
    entries: Sequence[FeedEntry]

    @property
    def updated(self) -> dt.datetime:
        return max((entry.published for entry in self.entries), default=LONG_AGO)


def newest_papers() -> list[Paper]:
    """Return the last published papers, the newest edition first, and within it the most votes first."""
    ranked = Paper.objects.filter(edition__isnull=False, is_hidden=False)
    return list(ranked.order_by("-edition__day", *publication.PAGE_ORDER).select_related("edition")[:MAX_ENTRIES])


def papers_on(topic: Topic) -> list[Paper]:
    return [row.paper for row in topics.papers_on(topic).select_related("paper__edition")[:MAX_ENTRIES]]


def found_by(query: str) -> list[Paper]:
    """Return the best results of a search, the newest first.

    Raise FilterError if `query` can't be read, or if it finds nothing and is no longer valid for new searches.
    """
    results = paper_search.search(query, size=SEARCH_PAGES * paper_search.RESULTS_A_PAGE, typed_now=False)
    if not results.matches:
        validation.read(query)
    return _in_editions(match.paper.key for match in results.matches)


def for_reader(reader: Subscriber) -> list[Paper]:
    """Return the papers that digests of the last editions would hold for the reader, the newest first."""
    profile = profiles.profile_of(reader)
    digests = [compose(index, profile, day) for day, index in index_cache.last().days]
    return _in_editions([match.paper.key for digest in digests for match in digest.for_you])


def _in_editions(keys: Iterable[str]) -> list[Paper]:
    published = Paper.objects.filter(key__in=list(keys), edition__isnull=False, is_hidden=False)
    return list(published.order_by("-edition__day", *publication.BY_VOTES).select_related("edition")[:MAX_ENTRIES])


def entries_of(papers: Iterable[Paper]) -> list[FeedEntry]:
    """Return the entries of `papers`, without those that are in no edition."""
    published = [paper for paper in papers if paper.edition]
    labels = topics.of_papers(published, topics.offered())
    return [
        FeedEntry(make_id(f"paper/{paper.pk}"), paper, paper.edition.published_at, labels.get(paper.pk, []))
        for paper in published
        if paper.edition
    ]


def make_id(name: str) -> str:
    """Return a tag URI (RFC 4151), which stays the same if addresses change."""
    return f"tag:{urlsplit(settings.SITE_URL).hostname},2026:{name}"


def plain(text: str) -> str:
    """Return `text` without characters that XML forbids."""
    return _NOT_IN_XML.sub("", clean(text))


def rfc3339(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
