"""arXiv's daily Atom feeds, one category per source. A feed holds only the latest day of announcements."""

import datetime as dt
import re
from email.utils import parsedate_to_datetime
from typing import Any

from django.conf import settings

from digest.paper_keys import arxiv_key
from digest.sources.http import Http, StatusError
from digest.sources.records import ARXIV_ID, CROSS_LIST, NEW, Batch, PaperRecord, SourceError, doi_in, read_all
from digest.sources.xml_parser import read_feed
from digest.text import author_names
from digest.text.cleanup import clean
from digest.text.latex import from_tex
from subscriptions.query.arxiv_categories import CATEGORIES
from subscriptions.query.grammar import CATEGORY

PAGE_SIZE = None
BY_DAY = False
PAUSE = 3  # arXiv's terms: one request every three seconds from all our workers together

_HEADER = re.compile(r"\s*arXiv:\s*\S+\s+Announce Type:\s*[\w-]+\s+Abstract:\s*(.*)", re.DOTALL)
_ID = re.compile(rf"(?:oai:arXiv\.org:|arxiv\.org/abs/)({ARXIV_ID.pattern})(?:v\d+)?$")


def problem_with_key(key: str) -> str:
    if not CATEGORY.fullmatch(key) or "*" in key:
        return "Write one arXiv category, such as cs.CL."
    if key not in CATEGORIES:
        return f"arXiv has no category {key}. Its list: https://arxiv.org/category_taxonomy"
    return ""


def fetch(http: Http, key: str, day: dt.date, page: int = 0) -> bytes:
    """Fetch the category's current feed, whatever `day` is. Raise SourceError."""
    # The Atom form, because feedparser loses text of the RSS form.
    try:
        return http.get(f"{settings.ARXIV_FEEDS_URL}/atom/{key}")
    except StatusError as error:
        if error.status == 400:
            raise SourceError(f"arXiv has no category {key}") from error
        raise


def parse(body: bytes, day: dt.date) -> Batch:
    """Return the new papers and cross-lists, each with the day of its announcement. Raise SourceError."""
    try:
        body.decode()
    except UnicodeDecodeError as error:  # feedparser would guess the encoding, and garble every name in the feed
        raise SourceError(f"damaged: not the UTF-8 that arXiv sends ({error.reason} at byte {error.start})") from error
    content = read_feed(body)
    if content.feed.get("title", "").startswith("Feed error"):
        raise SourceError(f"arXiv answered: {content.feed.title}")
    return read_all(content.entries, _read)


def _read(entry: Any) -> PaperRecord | None:
    kind = entry.get("arxiv_announce_type", NEW)
    if kind not in (NEW, CROSS_LIST):  # a new version of a paper that was announced before
        return None
    arxiv_id = _ID.search(entry.get("id", "")) or _ID.search(entry.get("link", ""))
    if not arxiv_id:
        raise ValueError(f"no arXiv id in {entry.get('id')!r}")
    title = from_tex(entry.get("title", ""))
    if not title:
        raise ValueError("no title")
    abstract = entry.get("summary", "")
    header = _HEADER.match(abstract)
    return PaperRecord(
        key=arxiv_key(arxiv_id[1]),
        title=title,
        abstract=from_tex(header[1] if header else abstract),
        authors=tuple(author_names.split_arxiv_feed_list(entry.get("author") or "")),
        categories=tuple(clean(tag.term) for tag in entry.get("tags", []) if tag.get("term")),
        url=f"https://arxiv.org/abs/{arxiv_id[1]}",
        doi=doi_in(entry.get("arxiv_doi") or ""),
        day=_announcement_day(entry),
        announce_type=kind,
    )


def _announcement_day(entry: Any) -> dt.date | None:
    """Return the date as written. It is midnight in New York, so converting it to UTC could change the day."""
    written = entry.get("published", "")
    try:
        return dt.date.fromisoformat(written[:10]) if written else None
    except ValueError:  # RSS writes dates as emails do
        return parsedate_to_datetime(written).date()
