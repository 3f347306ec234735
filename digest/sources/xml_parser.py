"""XML that is no feed, or of which every word counts: read by the standard library, after a look for harm."""

import xml.etree.ElementTree as ET

from digest.sources.records import SourceError
from digest.text.cleanup import beginning, clean

MOST_SIGNS = 500_000  # "<"; a full page has a tenth of them, and each element takes a hundred bytes of memory


def read_xml(body: bytes, root: str) -> ET.Element:
    """The root element of `body`, whose name must be `root`. Raises SourceError."""
    if b"<!ENTITY" in body:
        raise SourceError("refused: the answer defines entities of its own, which no honest one needs")
    if b"\x00" in body:  # no XML in UTF-8 holds any; in another encoding entities would hide from the line above
        raise SourceError(f"not the XML that was asked for: {beginning(body)}")
    if body.count(b"<") > MOST_SIGNS:
        raise SourceError("refused: the answer holds more elements than any honest one")
    try:
        body.decode()
        found = ET.fromstring(body)  # noqa: S314  # without entities there is nothing that could grow
    except (ET.ParseError, ValueError, LookupError) as error:  # damaged; not UTF-8; no known encoding
        raise SourceError(f"not readable as XML ({error}): {beginning(body)}") from error
    if found.tag != root:
        raise SourceError(f"not the XML that was asked for: {beginning(body)}")
    return found


def text(element: ET.Element, path: str) -> str:
    """The clean text of the first element at `path`; empty where there is none."""
    return clean(element.findtext(path) or "")
