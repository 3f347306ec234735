"""What the Atom feeds hold: all papers, those of a topic, those that a search finds, those of one reader.

A paper's entry keeps its id and its date whatever becomes of its key, its text and its votes: a feed reader shows it
once, as new, and never again.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from digest.models import Paper
from digest.personalization import profiles
from digest.personalization.digest_selection import compose
from digest.search import index_cache, paper_search
from digest.site import topics
from digest.text.cleanup import clean
from subscriptions.models import Subscriber, Topic
from subscriptions.query import validation

MOST = 100  # entries
SEARCH_PAGES = 2
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_NOT_IN_XML = re.compile("[\ufffe\uffff]")  # beyond the controls that `clean` takes out


@dataclass(frozen=True)
class FeedEntry:
    """A published paper."""

    id: str
    paper: Paper
    published: dt.datetime
    topics: Sequence[topics.TopicLabel]


@dataclass(frozen=True)
class Feed:
    """An Atom feed (RFC 4287), ready to be written."""

    id: str
    title: str
    subtitle: str
    address: str  # its own path
    page: str  # the path of the page that shows the same
    entries: Sequence[FeedEntry]

    @property
    def updated(self) -> dt.datetime:
        return max((entry.published for entry in self.entries), default=LONG_AGO)


def newest_papers() -> list[Paper]:
    """The last published papers, the newest edition first, and the most voted of each."""
    ranked = Paper.objects.filter(edition__isnull=False, is_hidden=False)
    return list(ranked.order_by("-edition__day", "-is_pinned", "-votes", "pk").select_related("edition")[:MOST])


def papers_on(topic: Topic) -> list[Paper]:
    return [row.paper for row in topics.papers_on(topic).select_related("paper__edition")[:MOST]]


def found_by(query: str) -> list[Paper]:
    """The best of what a search finds, the newest first. Raises FilterError where `query` can't be read, or finds
    nothing and would be refused to who types it now."""
    found = paper_search.search(query, size=SEARCH_PAGES * paper_search.PAGE, typed_now=False)
    if not found.matches:
        validation.read(query)
    return _in_editions(match.paper.key for match in found.matches)


def for_reader(reader: Subscriber) -> list[Paper]:
    """What the digests of the last editions would hold for the reader, the newest first."""
    wanted = profiles.profile_of(reader)
    digests = [compose(index, wanted, day) for day, index in index_cache.last().days]
    return _in_editions([match.paper.key for digest in digests for match in digest.for_you])


def _in_editions(keys: Iterable[str]) -> list[Paper]:
    published = Paper.objects.filter(key__in=list(keys), edition__isnull=False, is_hidden=False)
    return list(published.order_by("-edition__day", "-votes", "pk").select_related("edition")[:MOST])


def entries_of(papers: Iterable[Paper]) -> list[FeedEntry]:
    """The entries of `papers`, those without an edition left out."""
    published = [paper for paper in papers if paper.edition]
    found = topics.of_papers(published, topics.offered())
    return [
        FeedEntry(make_id(f"paper/{paper.pk}"), paper, paper.edition.published_at, found.get(paper.pk, []))
        for paper in published
        if paper.edition
    ]


def make_id(what: str) -> str:
    """A name that stays (RFC 4151), even if the address of what it names does not."""
    return f"tag:{urlsplit(settings.SITE_URL).hostname},2026:{what}"


def plain(text: str) -> str:
    """`text` as XML may hold it."""
    return _NOT_IN_XML.sub("", clean(text))


def rfc3339(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
