"""arXiv's OAI-PMH interface, for a day of one category that the feed no longer holds.

A record's datestamp is the UTC day of its last change. arXiv announces papers in the evening in New York, in the
first hour of the next day in UTC, so the datestamp equals the day that the feed gave them.
"""

import datetime as dt
import xml.etree.ElementTree as ET
from email.utils import parsedate_to_datetime

from django.conf import settings

from digest.paper_keys import arxiv_key
from digest.sources.http import Http
from digest.sources.records import ARXIV_ID, CROSS_LIST, NEW, Batch, PaperRecord, SourceError, doi_in, read_all
from digest.sources.xml_parser import read_xml, text
from digest.text import author_names
from digest.text.cleanup import clean
from digest.text.latex import from_tex

NEW_FOR = 5  # days at most from the first version to its announcement: a weekend and a holiday, or moderation
GROUPS = ("cs", "econ", "eess", "math", "q-bio", "q-fin", "stat")  # all other archives are in the group physics

_OAI = "{http://www.openarchives.org/OAI/2.0/}"
_RAW = "{http://arxiv.org/OAI/arXivRaw/}"


def fetch(http: Http, key: str, day: dt.date, token: str = "") -> bytes:
    """Fetch the category's records of `day`, or the next page of them. Raise SourceError."""
    params: dict[str, str | int] = {"verb": "ListRecords"}
    if token:
        params["resumptionToken"] = token
    else:
        # Only the format arXivRaw dates the first version; `created` of the format arXiv is the last version's date.
        params |= {"metadataPrefix": "arXivRaw", "set": set_of(key), "from": str(day), "until": str(day)}
    return http.get(f"{settings.ARXIV_OAI_URL}/oai", params)


def set_of(category: str) -> str:
    """Return a category's set: `cs.AI` gives cs:cs:AI, `hep-th` physics:hep-th, `astro-ph.GA` physics:astro-ph:GA."""
    archive, dot, subject = category.partition(".")
    archive = archive.lower()
    subject = subject.upper() if len(subject) == 2 else subject.lower()  # as in cs.AI and in physics.flu-dyn
    return f"{archive if archive in GROUPS else 'physics'}:{archive}{':' if dot else ''}{subject}"


def parse(body: bytes, key: str, day: dt.date) -> tuple[Batch, str]:
    """Return the papers that were new in category `key` on `day`, and the token of the next page; "" after the last.

    Raise SourceError.
    """
    answer = read_xml(body, f"{_OAI}OAI-PMH")
    error = answer.find(f"{_OAI}error")
    if error is not None:
        if error.get("code") == "noRecordsMatch":
            return Batch(), ""
        raise SourceError(f"arXiv's OAI-PMH answered: {clean(error.get('code', ''))}: {clean(error.text or '')}")
    records = answer.find(f"{_OAI}ListRecords")
    if records is None:
        raise SourceError("arXiv's OAI-PMH answer holds neither records nor an error")
    batch = read_all(records.findall(f"{_OAI}record"), lambda record: _read(record, key, day))
    return batch, (records.findtext(f"{_OAI}resumptionToken") or "").strip()


def _read(record: ET.Element, key: str, day: dt.date) -> PaperRecord | None:
    header = record.find(f"{_OAI}header")
    if header is not None and header.get("status") == "deleted":
        return None
    paper = record.find(f"{_OAI}metadata/{_RAW}arXivRaw")
    if paper is None:
        raise ValueError("no metadata")
    first = _first_version(paper)
    if day - first > dt.timedelta(days=NEW_FOR):
        return None  # replaced, cross-listed or corrected that day
    arxiv_id, title = text(paper, f"{_RAW}id"), from_tex(text(paper, f"{_RAW}title"))
    if not ARXIV_ID.fullmatch(arxiv_id) or not title:
        raise ValueError("no title" if not title else f"{arxiv_id!r} is not an arXiv id")
    categories = tuple(text(paper, f"{_RAW}categories").split())
    return PaperRecord(
        key=arxiv_key(arxiv_id),
        title=title,
        abstract=from_tex(text(paper, f"{_RAW}abstract")),
        authors=tuple(author_names.split_arxiv_raw_list(text(paper, f"{_RAW}authors"))),
        categories=categories,
        url=f"https://arxiv.org/abs/{arxiv_id}",
        published_on=first,
        doi=doi_in(text(paper, f"{_RAW}doi")),
        comment=from_tex(text(paper, f"{_RAW}comments")),
        day=day,
        announce_type=NEW if categories and categories[0].lower() == key.lower() else CROSS_LIST,
    )


def _first_version(paper: ET.Element) -> dt.date:
    return min(parsedate_to_datetime(text(version, f"{_RAW}date")).date() for version in paper.iter(f"{_RAW}version"))
