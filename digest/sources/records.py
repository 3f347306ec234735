"""A paper as a source lists it on one day, in the same form for all sources. Pure."""

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from digest.paper_keys import arxiv_key
from digest.text.cleanup import without_secrets

ARXIV_ID = re.compile(r"(?:[0-9]{4}\.[0-9]{4,5}|[a-z-]+(?:\.[A-Z]{2})?/[0-9]{7})")
_ARXIV_IN_LINK = re.compile(
    rf"""(?:\barxiv\.org/(?:abs|pdf|html)/|\balphaxiv\.org/abs/|\bhuggingface\.co/papers/|\b10\.48550/arxiv\.)
    ({ARXIV_ID.pattern})""",
    re.IGNORECASE | re.VERBOSE,
)
_DOI = re.compile(r"(?<![\d.])10\.[0-9]{4,9}/[^\s\x00-\x1f\x7f?#&]+")
_ODD_IN_LINK = re.compile(r"[\s\x00-\x1f\x7f\"<>\\^`{|}]")
_TRACKING = re.compile(r"utm_|rss(=1)?$")

# How arXiv announces papers in a category: as new, as a cross-list from another category, or as a new version.
NEW, CROSS_LIST = "new", "cross"
ANNOUNCE_TYPES = ("", "replace-cross", "replace", CROSS_LIST, NEW)  # the strongest last

MAX_LINK_LENGTH = 1000  # characters
MAX_DOI_LENGTH = 255


class SourceError(Exception):
    """A source can't be read. The message explains it to an operator.

    The message may quote the source's address, so secrets in it are masked.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(without_secrets(message))


class UnreachableError(SourceError):
    """The server doesn't answer, or not in time. Asking for another day now is pointless."""


class StoppedError(Exception):
    """The process must end, so the request was abandoned. This is not an error of the source."""


class UnchangedError(Exception):
    """The server says that its answer has not changed since last time. This is not an error of the source."""


@dataclass(frozen=True, kw_only=True)
class PaperRecord:
    """One paper as one source lists it. Text is plain Unicode; fields that a source doesn't give keep their default."""

    key: str
    title: str
    url: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    published_on: dt.date | None = None
    doi: str = ""
    thumbnail_url: str = ""
    figure_url: str = ""
    github_url: str = ""
    github_stars: int | None = None
    project_url: str = ""
    organization: str = ""
    summary: str = ""
    comment: str = ""  # the authors' comment on arXiv: pages, conference
    day: dt.date | None = None  # when the source listed the paper; None if it doesn't say
    votes: int = 0
    comments: int = 0
    announce_type: str = ""
    submitter: str = ""


@dataclass
class Batch:
    """The result of `parse`: the papers that could be read, and the reason why each other item was rejected."""

    records: list[PaperRecord] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    skipped: int = 0  # items that could be read but are not wanted, such as new versions of older papers

    def add(self, page: "Batch") -> None:
        """Add another page of the same list."""
        self.records += page.records
        self.rejected += page.rejected
        self.skipped += page.skipped

    def __iter__(self) -> Iterator[PaperRecord]:
        return iter(self.records)

    def __len__(self) -> int:
        """Return the number of items in the answer, readable or not."""
        return len(self.records) + len(self.rejected) + self.skipped


def read_all(items: Iterable[Any], read: Callable[[Any], PaperRecord | None]) -> Batch:
    """Read each item. An item that can't be read is rejected with its reason, and does not affect the others.

    Raise SourceError if more than half can't be read: then the source's format has changed, and a part of a day
    would pass for the whole day.
    """
    batch = Batch()
    for number, item in enumerate(items, 1):
        try:
            record = read(item)
        except Exception as error:  # any error in one item must not keep the others from being read
            batch.rejected.append(f"item {number}: {type(error).__name__}: {str(error)[:200]}")
            continue
        if record is None:
            batch.skipped += 1
        else:
            batch.records.append(record)
    if len(batch.rejected) * 2 > len(batch):
        raise SourceError(f"{len(batch.rejected)} of {len(batch)} items can't be read. The first: {batch.rejected[0]}")
    return batch


def paper_key(*places: str) -> str:
    """Return the canonical id: the arXiv id without version in `places`, else a DOI, else a hash of the first place.

    `places` holds the paper's link first, then other texts that may identify it. Raise ValueError if all are empty.
    """
    given = [place for place in places if place]
    for place in given:
        if found := _ARXIV_IN_LINK.search(place):
            return arxiv_key(found[1])
    for place in reversed(given):  # an explicit DOI goes before one in the link, which may include a version
        if doi := doi_in(place):
            return f"doi:{doi.lower()}"
    if not given:
        raise ValueError("neither a link nor an id")
    return f"link:{hashlib.sha256(clean_link(given[0]).encode()).hexdigest()[:32]}"


def doi_in(place: str) -> str:
    """Return the DOI that a link or an identifier contains, or "" if there is none."""
    found = _DOI.search(place)
    doi = found[0].rstrip(".,;)") if found else ""
    return doi if len(doi) <= MAX_DOI_LENGTH else ""


def clean_link(link: str) -> str:
    """Return `link` without tracking parameters, or unchanged if it is no valid address."""
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return link.strip()
    query, fragment = (
        "&".join(part for part in text.split("&") if not _TRACKING.match(part))
        for text in (parts.query, parts.fragment)
    )
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path, query, fragment))


def web_link(value: Any) -> str:
    """Return `value` without user name and password if it is an http(s) address of sane length, else "".

    The link is shown to readers unchanged.
    """
    if not isinstance(value, str):
        return ""
    try:
        link = _ODD_IN_LINK.sub(lambda found: quote(found[0]), value.strip())
        parts = urlsplit(link)
        link = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else link
        link.encode()
    except ValueError:  # a lone surrogate, or an unclosed bracket
        return ""
    is_good = parts.scheme in ("http", "https") and parts.hostname and len(link) <= MAX_LINK_LENGTH
    return link if is_good else ""
