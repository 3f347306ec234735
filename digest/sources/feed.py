"""Any RSS, RDF or Atom feed. The source's key is the feed's address."""

import datetime as dt
import re
from typing import Any
from urllib.parse import urlsplit

from digest.paper_keys import is_at_arxiv
from digest.sources.http import Http
from digest.sources.records import Batch, PaperRecord, clean_link, doi_in, paper_key, read_all, web_link
from digest.sources.xml_parser import read_feed
from digest.text import author_names
from digest.text.cleanup import clean, from_html
from digest.text.latex import from_tex

PAGE_SIZE = None
BY_DAY = False
PAUSE = 0
MAX_CATEGORIES = 20
MAX_CATEGORY_LENGTH = 100  # characters
# The feeds of bioRxiv and medRxiv name their subject in the title only. “All” is none.
_SUBJECT = re.compile(r"\s*(?:bioRxiv|medRxiv) Subject Collection:\s*(?!All\s*$)(\S.*)", re.DOTALL | re.IGNORECASE)
ARXIV_HOSTS = ("export.arxiv.org", "rss.arxiv.org")


def problem_with_key(key: str) -> str:
    if not web_link(key):
        return "Write the feed's whole address, such as https://example.org/feed.xml."
    if urlsplit(key).hostname in ARXIV_HOSTS:
        return "Add a source of the kind “arXiv category” instead: it leaves out new versions of old papers."
    return ""


def fetch(http: Http, key: str, day: dt.date, page: int = 0) -> bytes:
    """Fetch the current feed, whatever `day` is. Raise SourceError."""
    return http.get(key)


def parse(body: bytes, day: dt.date) -> Batch:
    """Return the entries, each with the day it gives, or `day` if that is earlier. Raise SourceError."""
    content = read_feed(body)
    subject = _SUBJECT.match(content.feed.get("title", ""))
    return read_all(content.entries, lambda entry: _read(entry, day, clean(subject[1]) if subject else ""))


def _read(entry: Any, day: dt.date, subject: str) -> PaperRecord:
    link = web_link(entry.get("link")) or web_link(entry.get("id"))
    title = _plain(entry.get("title_detail"))
    if not link or not title:
        raise ValueError("no link" if title else "no title")
    named = entry.get("prism_doi") or entry.get("dc_identifier") or ""
    published = _day(entry)
    key = paper_key(link, entry.get("id") or "", named)
    return PaperRecord(
        key=key,
        title=title,
        abstract=max(map(_plain, [*entry.get("content", []), entry.get("summary_detail")]), key=len),
        authors=_authors(entry),
        # The categories of arXiv's papers come from arXiv, with its exact text.
        categories=() if is_at_arxiv(key) else _categories(entry, subject),
        url=clean_link(link),
        doi=doi_in(named),
        published_on=published,
        day=min(published, day) if published else None,
    )


def _plain(part: Any) -> str:
    """Return the plain text of one of feedparser's details, which hold their content type."""
    if not part:
        return ""
    return from_tex(from_html(part.value) if "html" in part.type else part.value)


def _authors(entry: Any) -> tuple[str, ...]:
    given = [clean(author.get("name") or "") for author in entry.get("authors", [])]
    names = [name for name in given if name] or [clean(entry.get("author") or "")]
    return tuple(dict.fromkeys(author_names.split_list(names[0]) if len(names) == 1 else names))


def _categories(entry: Any, subject: str) -> tuple[str, ...]:
    """Return the categories of an entry, after the subject of the whole feed if it has one."""
    tags = (clean(tag.get("term") or "") for tag in entry.get("tags", []))
    given = (subject, clean(entry.get("prism_section") or ""), *tags)
    unique: dict[str, str] = {}
    for name in given:
        if name and len(name) <= MAX_CATEGORY_LENGTH:
            unique.setdefault(name.casefold(), name)
    return tuple(unique.values())[:MAX_CATEGORIES]


def _day(entry: Any) -> dt.date | None:
    moment = entry.get("published_parsed") or entry.get("updated_parsed")
    return dt.date(*moment[:3]) if moment else None
