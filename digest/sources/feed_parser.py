"""What arXiv's feeds and all others have in common: feedparser, told not to touch the text, and kept from harm.

feedparser runs in a child process: a long run of letters, attributes or categories takes it the square of their number.
"""

import json
import re
from typing import Any

from feedparser.util import FeedParserDict

from digest import isolation
from digest.isolation.feeds import parse
from digest.sources.records import SourceError
from digest.text.cleanup import beginning

LONGEST_PROLOG = 10_000  # bytes before the first element
_FIRST_ELEMENT = re.compile(rb"<\x00?\w")


def read_feed(body: bytes) -> Any:
    """Return feedparser's result for `body`. Raises SourceError when it is no feed, or takes too long to read.

    Sanitising and link resolving are off: with them feedparser takes `n<k` for a tag and eats the text behind
    it. What we keep is plain text, escaped wherever it is shown.
    """
    body = _harmless(body)
    try:
        found = json.loads(isolation.run(parse, body), object_hook=FeedParserDict)
    except isolation.IsolationError as error:
        raise SourceError(f"not a readable feed: {error}") from error
    if not found.version and not found.entries:
        raise SourceError(f"not a feed: {beginning(body)}")
    if found.bozo and not found.entries:
        raise SourceError(f"not a readable feed: {found.bozo}")
    return found


def _harmless(body: bytes) -> bytes:
    """The same feed, fit for feedparser, to which a long prolog or first line can be the work of hours."""
    body = body.lstrip()
    first = _FIRST_ELEMENT.search(body, 0, LONGEST_PROLOG)
    if not first:
        raise SourceError(f"not a feed: {beginning(body)}")
    prolog = body[: first.start()]
    if b"<!ENTITY" in prolog:
        raise SourceError("refused: the feed defines entities of its own, which no honest feed needs")
    if not prolog.startswith(b"<?"):
        return body
    declaration, end, rest = prolog.partition(b"?>")
    if not end:
        raise SourceError(f"not a feed: {beginning(body)}")
    return declaration + end + b"\n" + rest + body[first.start() :]
