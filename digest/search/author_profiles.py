"""The papers on an author's public profile at ORCID, Semantic Scholar or DBLP, by their public APIs.

Only the number of a profile is taken from its address: requests go to the hosts of the settings and to no others. They
are made while the visitor waits, so all of them together end after SECONDS.
"""

import json
import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings

from digest.search.citation_files import Fields, make_fields
from digest.search.citation_parser import Reference, make_reference
from digest.sources.http import Http, StatusError, user_agent
from digest.sources.records import SourceError, StoppedError, UnchangedError, UnreachableError
from digest.sources.xml_parser import read_xml

SECONDS = 8.0  # for all profiles of a request together
TIMEOUT = 5.0  # seconds without a byte
LARGEST = 5_000_000  # bytes of an answer
MAX_PROFILES = 3  # of a request
MAX_LINE_LENGTH = 300  # characters of a line with an address
MAX_WORKS = 500  # of a profile that are asked for; the newest come first

_NOT_FOUND = (400, 404, 410)


class Service(StrEnum):
    ORCID = "ORCID"
    SEMANTIC_SCHOLAR = "Semantic Scholar"
    DBLP = "DBLP"
    GOOGLE_SCHOLAR = "Google Scholar"


class ProfileProblem(StrEnum):
    """A reason why a profile can't be read."""

    NO_API = "no-api"  # the service offers no way to read it
    OFF = "off"  # this site does not read profiles
    TOO_OFTEN = "too-often"  # this visitor, or this site, has asked too often
    TOO_MANY = "too-many"  # more than MAX_PROFILES at once
    WRONG_NUMBER = "wrong-number"  # an ORCID iD with a wrong check digit
    NOT_FOUND = "not-found"
    NO_ANSWER = "no-answer"
    UNREADABLE = "unreadable"
    NO_PAPERS = "no-papers"


class ProfileError(Exception):
    def __init__(self, problem: ProfileProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True)
class Profile:
    service: Service
    number: str  # as the service identifies it

    def __str__(self) -> str:
        return f"{self.service} {self.number}"


@dataclass(frozen=True)
class UnreadProfile:
    profile: Profile
    problem: ProfileProblem


_ORCID = r"\d{4}-\d{4}-\d{4}-\d{3}[\dXx]"
_ADDRESSES = {
    Service.ORCID: re.compile(rf"(?:\borcid\.org/|^\s*(?:orcid(?:\s+id)?:?\s*)?)({_ORCID})\b", re.IGNORECASE),
    Service.SEMANTIC_SCHOLAR: re.compile(r"\bsemanticscholar\.org/author/(?:[^/\s]+/)?(\d{1,15})\b", re.IGNORECASE),
    Service.DBLP: re.compile(
        r"\bdblp\.(?:org|uni-trier\.de|dagstuhl\.de)/pid/([0-9a-z]{1,6}/[0-9A-Za-z-]{1,60})", re.IGNORECASE
    ),
    Service.GOOGLE_SCHOLAR: re.compile(r"\bscholar\.google\.[a-z.]{2,6}/citations\?(?:\S*&)?user=([\w-]{1,20})"),
}


def cut_addresses(text: str) -> tuple[list[Profile], str]:
    """Return the profiles with an address on a line of `text`, each once, and the other lines."""
    found: dict[Profile, None] = {}
    rest = []
    for line in text.split("\n"):
        profile = _profile_in(line) if len(line) <= MAX_LINE_LENGTH else None
        if profile:
            found[profile] = None
        else:
            rest.append(line)
    return list(found), "\n".join(rest)


def _profile_in(line: str) -> Profile | None:
    for service, address in _ADDRESSES.items():
        if match := address.search(line):
            return Profile(service, match[1].upper() if service is Service.ORCID else match[1])
    return None


def read_all(profiles: Iterable[Profile], may_ask: Callable[[], bool]) -> tuple[list[Reference], list[UnreadProfile]]:
    """Return the papers of the profiles, newest first, and the profiles that can't be read.

    `may_ask` is called before each request, and returns whether the visitor has one left.
    """
    references: list[Reference] = []
    unread: list[UnreadProfile] = []
    ends_at = time.monotonic() + SECONDS
    for number, profile in enumerate(profiles):
        try:
            if number >= MAX_PROFILES:
                raise ProfileError(ProfileProblem.TOO_MANY)
            check(profile)
            if not may_ask():
                raise ProfileError(ProfileProblem.TOO_OFTEN)
            references += read(profile, ends_at - time.monotonic())
        except ProfileError as error:
            unread.append(UnreadProfile(profile, error.problem))
    return references, unread


def check(profile: Profile) -> None:
    """Raise ProfileError if it is clear without a request that the profile can't be read."""
    if profile.service is Service.GOOGLE_SCHOLAR:
        raise ProfileError(ProfileProblem.NO_API)
    if not settings.READ_PROFILES:
        raise ProfileError(ProfileProblem.OFF)
    if profile.service is Service.ORCID and not _is_orcid(profile.number):
        raise ProfileError(ProfileProblem.WRONG_NUMBER)


def read(profile: Profile, seconds: float) -> list[Reference]:
    """Return the papers of a profile, newest first. Raise ProfileError."""
    works = {
        Service.ORCID: _orcid_works, Service.SEMANTIC_SCHOLAR: _semantic_scholar_papers, Service.DBLP: _dblp_records,
    }[profile.service]  # fmt: skip
    try:
        dated = sorted(works(profile.number, seconds), key=lambda work: work[0], reverse=True)
    except UnreachableError as error:
        raise ProfileError(ProfileProblem.NO_ANSWER) from error
    except StatusError as error:
        raise ProfileError(
            ProfileProblem.NOT_FOUND if error.status in _NOT_FOUND else ProfileProblem.NO_ANSWER
        ) from error
    except (StoppedError, UnchangedError) as error:
        raise ProfileError(ProfileProblem.NO_ANSWER) from error
    except (SourceError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise ProfileError(ProfileProblem.UNREADABLE) from error
    references = [make_reference(fields) for _year, fields in dated if fields["title"]]
    if not references:
        raise ProfileError(ProfileProblem.NO_PAPERS)
    return references


def _is_orcid(number: str) -> bool:
    """Return whether the last digit is the check digit of the others (ISO 7064, MOD 11-2)."""
    digits, total = number.replace("-", ""), 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    return "0123456789X"[(12 - total % 11) % 11] == digits[-1]


def _get(url: str, seconds: float, headers: Mapping[str, str], params: dict[str, str | int] | None = None) -> bytes:
    client = Http(
        user_agent=user_agent(), limit=LARGEST, timeout=TIMEOUT, deadline=max(seconds, 0.1),
        headers=headers, may_leave_host=False, tries=1,
    )  # fmt: skip
    return client.get(url, params)


def _orcid_works(number: str, seconds: float) -> Iterator[tuple[str, Fields]]:
    """Yield the works of an ORCID record, each with its year. The API calls versions of one work a group."""
    body = _get(f"{settings.ORCID_API_URL}/v3.0/{number}/works", seconds, {"Accept": "application/json"})
    for group in json.loads(body)["group"][:MAX_WORKS]:
        work = group["work-summary"][0]
        ids = [*_items(group, "external-ids", "external-id"), *_items(work, "external-ids", "external-id")]
        places = [_orcid_place(one) for one in ids if one.get("external-id-relationship") != "part-of"]
        year = _text(work, "publication-date", "year", "value")
        yield year, make_fields(_text(work, "title", "title", "value"), "", (), [*places, _text(work, "url", "value")])


def _orcid_place(identifier: Mapping[str, Any]) -> str:
    kind, value = _text(identifier, "external-id-type"), _text(identifier, "external-id-value")
    return f"arxiv:{value}" if kind == "arxiv" and ":" not in value and "/" not in value else value


def _semantic_scholar_papers(number: str, seconds: float) -> Iterator[tuple[str, Fields]]:
    """Yield the papers of a Semantic Scholar author, each with its year."""
    key = settings.SEMANTIC_SCHOLAR_API_KEY
    url = f"{settings.SEMANTIC_SCHOLAR_API_URL}/graph/v1/author/{number}/papers"
    wanted: dict[str, str | int] = {"fields": "title,abstract,year,externalIds,authors", "limit": MAX_WORKS}
    body = _get(url, seconds, {"x-api-key": key} if key else {}, wanted)
    for paper in json.loads(body)["data"]:
        ids = paper.get("externalIds") or {}
        places = [f"arxiv:{ids['ArXiv']}" if ids.get("ArXiv") else "", _text(ids, "DOI")]
        authors = [_text(author, "name") for author in _items(paper, "authors")]
        fields = make_fields(_text(paper, "title"), _text(paper, "abstract"), authors, places)
        yield str(paper.get("year") or ""), fields


def _dblp_records(number: str, seconds: float) -> Iterator[tuple[str, Fields]]:
    """Yield the publications of a person at DBLP, each with its year. Volumes that they edited are left out."""
    root = read_xml(_get(f"{settings.DBLP_URL}/pid/{number}.xml", seconds, {}), "dblpperson")
    for record in root.iterfind("r/*"):
        if record.find("author") is not None:
            title = "".join(_element(record, "title").itertext()).removesuffix(".")
            authors = ["".join(author.itertext()).rstrip(" 0123456789") for author in record.iterfind("author")]
            places = [place.text or "" for place in record.iterfind("ee")]
            yield record.findtext("year") or "", make_fields(title, "", authors, places)


def _element(parent: ET.Element, name: str) -> ET.Element:
    found = parent.find(name)
    return ET.Element(name) if found is None else found


def _text(value: Any, *path: str) -> str:
    """Return the text at `path` in JSON, or "" if there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def _items(value: Any, *path: str) -> list[Mapping[str, Any]]:
    """Return the objects in the list at `path` in JSON."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
