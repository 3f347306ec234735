"""XML other than feeds, parsed by the standard library after a check for attacks."""

import xml.etree.ElementTree as ET

from digest.sources.records import SourceError
from digest.text.cleanup import beginning, clean

MOST_SIGNS = 500_000  # of "<"; a full page has a tenth of that, and each element takes a hundred bytes of memory


def read_xml(body: bytes, root: str) -> ET.Element:
    """Return the root element of `body`, which must be named `root`. Raises SourceError."""
    if b"<!ENTITY" in body:
        raise SourceError("refused: the answer defines its own entities, which no honest one needs")
    if b"\x00" in body:  # not UTF-8; another encoding could hide entities from the check above
        raise SourceError(f"not the expected XML: {beginning(body)}")
    if body.count(b"<") > MOST_SIGNS:
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
