"""The sitemaps for search engines, in files of a bounded size.

Not django.contrib.sitemaps: it pages by OFFSET, so that each paper that is hidden would shift all files after it, and
late files would take longer and longer. Ours page by primary key.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Max
from django.urls import reverse

from digest.models import Edition, Paper
from subscriptions.models import Topic

PAPERS_A_FILE = 10_000  # by primary key, so that a file's papers never move to another; the protocol allows 50,000


@dataclass(frozen=True)
class SitemapEntry:
    """The address of a page, and the day of its publication."""

    address: str
    day: dt.date | None = None


def parts() -> list[str]:
    """Return the names of the files: one of editions and topics, and as many of papers as needed."""
    highest = Paper.objects.aggregate(highest=Max("pk"))["highest"] or 0
    return ["pages", *(f"papers-{number}" for number in range(highest // PAPERS_A_FILE + 1))]


def days_and_topics() -> Iterator[SitemapEntry]:
    """Yield the main pages, the offered topics and all editions."""
    for name in ("digest:latest", "digest:topics", "digest:suggest", "subscriptions:subscribe"):
        yield SitemapEntry(_absolute(name))
    for slug in Topic.objects.filter(is_offered=True).values_list("slug", flat=True):
        yield SitemapEntry(_absolute("digest:topic", slug))
    for day in Edition.objects.values_list("day", flat=True):
        yield SitemapEntry(_absolute("digest:edition", day), day)


def papers(number: int) -> Iterator[SitemapEntry]:
    """Yield the published papers of the file `number`."""
    first = number * PAPERS_A_FILE
    shown = Paper.objects.filter(pk__range=(first, first + PAPERS_A_FILE - 1), is_hidden=False, edition__isnull=False)
    for key, day in shown.order_by("pk").values_list("key", "edition__day"):
        yield SitemapEntry(_absolute("digest:paper", key), day)


def _absolute(name: str, *args: object) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=args)}"
