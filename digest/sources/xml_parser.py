"""Feeds and other XML of sources, parsed after a check for attacks.

feedparser parses feeds of any kind without changing their text. It runs in a child process with limits, because its
time is quadratic for a long run of letters, attributes or categories. The standard library parses other XML.
"""

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

from feedparser.util import FeedParserDict

from digest import isolation
from digest.isolation.feeds import parse
from digest.sources.records import SourceError
from digest.text.cleanup import beginning, clean

MAX_PROLOG_LENGTH = 10_000  # bytes before a feed's first element
MAX_SIGNS = 500_000  # of "<"; a full page has a tenth of that, and each element takes a hundred bytes of memory
_FIRST_ELEMENT = re.compile(rb"<\x00?\w")


def read_feed(body: bytes) -> Any:
    """Return feedparser's result for `body`. Raise SourceError if it is no feed, or takes too long to read.

    Sanitizing and link resolving are off, because they make feedparser take `n<k` for a tag and drop the text after
    it. We keep plain text only, and templates escape it.
    """
    body = _with_safe_prolog(body)
    try:
        parsed = json.loads(isolation.run(parse, body), object_hook=FeedParserDict)
    except isolation.IsolationError as error:
        raise SourceError(f"not a readable feed: {error}") from error
    if not parsed.version and not parsed.entries:
        raise SourceError(f"not a feed: {beginning(body)}")
    if parsed.bozo and not parsed.entries:
        raise SourceError(f"not a readable feed: {parsed.bozo}")
    return parsed


def _with_safe_prolog(body: bytes) -> bytes:
    """Return `body` with the XML declaration on a line of its own. Raise SourceError if the prolog is long or harmful.

    feedparser can take hours for a long prolog or first line.
    """
    body = body.lstrip()
    first = _FIRST_ELEMENT.search(body, 0, MAX_PROLOG_LENGTH)
    if not first:
        raise SourceError(f"not a feed: {beginning(body)}")
    prolog = body[: first.start()]
    if b"<!ENTITY" in prolog:
        raise SourceError("refused: the feed defines its own entities, which no honest feed needs")
    if not prolog.startswith(b"<?"):
        return body
    declaration, end, rest = prolog.partition(b"?>")
    if not end:
        raise SourceError(f"not a feed: {beginning(body)}")
    return declaration + end + b"\n" + rest + body[first.start() :]


def read_xml(body: bytes, root: str) -> ET.Element:
    """Return the root element of `body`, which must be named `root`. Raise SourceError."""
    if b"<!ENTITY" in body:
        raise SourceError("refused: the answer defines its own entities, which no honest one needs")
    if b"\x00" in body:  # not UTF-8; another encoding could hide entities from the check above
        raise SourceError(f"not the expected XML: {beginning(body)}")
    if body.count(b"<") > MAX_SIGNS:
        raise SourceError("refused: the answer holds more elements than any honest one")
    try:
        body.decode()
        tree = ET.fromstring(body)  # noqa: S314  # without entities, nothing can expand
    except (ET.ParseError, ValueError, LookupError) as error:  # damaged, not UTF-8, or an unknown encoding
        raise SourceError(f"not readable as XML ({error}): {beginning(body)}") from error
    if tree.tag != root:
        raise SourceError(f"not the expected XML: {beginning(body)}")
    return tree


def text(element: ET.Element, path: str) -> str:
    """Return the clean text of the first element at `path`; empty if there is none."""
    return clean(element.findtext(path) or "")
