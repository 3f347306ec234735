"""arXiv's query API. It returns papers by id, with metadata that other lists leave out, as the authors wrote it."""

import datetime as dt
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from django.conf import settings

from digest.paper_keys import arxiv_number, is_at_arxiv
from digest.sources.http import Http, StatusError
from digest.sources.records import Batch, PaperRecord, SourceError, doi_in, paper_key, read_all
from digest.sources.xml_parser import read_xml, text
from digest.text.latex import from_tex
from subscriptions.query.grammar import CATEGORY

MAX_IDS = 100  # in one request, so that the address stays below 2,000 characters

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_TOTAL = "{http://a9.com/-/spec/opensearch/1.1/}totalResults"


def fetch(http: Http, ids: Sequence[str]) -> bytes:
    """Fetch the API's answer for `ids`, which are arXiv ids without version. Raise SourceError."""
    params: dict[str, str | int] = {"id_list": ",".join(ids), "max_results": len(ids)}
    try:
        return http.get(f"{settings.ARXIV_API_URL}/api/query", params)
    except StatusError as error:
        if error.status == 400:  # the API's answer to an id that is malformed
            raise SourceError(f"arXiv's API refuses one of the {len(ids)} ids from {ids[0]} to {ids[-1]}") from error
        raise


def parse(body: bytes) -> Batch:
    """Return the papers in the answer. Raise SourceError, also if there are none: arXiv sends empty pages at times."""
    feed = read_xml(body, f"{_ATOM}feed")
    entries = feed.findall(f"{_ATOM}entry")
    for entry in entries:
        if "/api/errors" in text(entry, f"{_ATOM}id"):
            raise SourceError(f"arXiv's API answered: {text(entry, f'{_ATOM}summary')}")
    if not entries:
        raise SourceError(f"arXiv's API sent an empty page; it counts {text(feed, _TOTAL) or 'no'} papers")
    return read_all(entries, _read)


def _read(entry: ET.Element) -> PaperRecord:
    key = paper_key(text(entry, f"{_ATOM}id"))
    title = from_tex(text(entry, f"{_ATOM}title"))
    if not is_at_arxiv(key) or not title:
        raise ValueError("no title" if not title else f"no arXiv id in {text(entry, f'{_ATOM}id')!r}")
    return PaperRecord(
        key=key,
        title=title,
        abstract=from_tex(text(entry, f"{_ATOM}summary")),
        authors=_authors(entry),
        categories=_categories(entry),
        url=f"https://arxiv.org/abs/{arxiv_number(key)}",
        published_on=dt.date.fromisoformat(text(entry, f"{_ATOM}published")[:10]),
        doi=doi_in(text(entry, f"{_ARXIV}doi")),
        comment=from_tex(text(entry, f"{_ARXIV}comment")),
    )


def _authors(entry: ET.Element) -> tuple[str, ...]:
    names = (from_tex(text(author, f"{_ATOM}name")) for author in entry.findall(f"{_ATOM}author"))
    return tuple(filter(None, names))


def _categories(entry: ET.Element) -> tuple[str, ...]:
    """Return the arXiv categories, the primary one first. ACM and MSC classes, which are listed too, are left out."""
    elements = [*entry.findall(f"{_ARXIV}primary_category"), *entry.findall(f"{_ATOM}category")]
    terms = (element.get("term", "") for element in elements)
    return tuple(dict.fromkeys(term for term in terms if CATEGORY.fullmatch(term)))
