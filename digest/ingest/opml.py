"""OPML, the lists of feeds that feed readers export. Pure.

See https://opml.org/spec2.opml. Exporters differ in the case of element names, and in `text` or `title`.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.parsers import expat

from digest.text.cleanup import clean

MAX_FEEDS = 1000  # feeds in one list
MAX_NAME_LENGTH = 120  # characters
_FEED_SCHEMES = {"feed://": "http://", "feed:http://": "http://", "feed:https://": "https://"}


class OpmlError(Exception):
    """The list can't be read. The message says why, and what to do."""


@dataclass(frozen=True)
class Outline:
    """One feed of a list. The address is as written, and may be invalid."""

    name: str
    address: str


def parse(body: bytes, encoding: str | None = None) -> list[Outline]:
    """Return the feeds in `body`, in whatever folders they are. Raise OpmlError.

    `encoding` overrides the encoding that the list declares, because that is wrong for pasted text.
    """
    reader = _OpmlReader()
    parser = expat.ParserCreate(encoding)
    parser.StartElementHandler = reader.start
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(body.lstrip(), True)
    except expat.ExpatError as error:
        raise OpmlError(_in_words(body, error)) from error
    except (ValueError, LookupError) as error:  # an unknown encoding
        raise OpmlError(f"The list can't be decoded ({error}). Save it as UTF-8 and try again.") from error
    if not reader.found:
        raise OpmlError("The list names no feed: none of its outlines has an xmlUrl. Export the feeds, not the posts.")
    return reader.found


class _OpmlReader:
    """A parser that collects the feeds of all outlines, in folders of any depth."""

    def __init__(self) -> None:
        self.found: list[Outline] = []
        self._is_opml = False

    def start(self, element: str, attributes: dict[str, str]) -> None:
        if not self._is_opml:
            if element.lower() != "opml":
                raise OpmlError(f"This is no OPML: it begins with <{element[:40]}>. {_EXPORT}")
            self._is_opml = True
        elif element.lower() == "outline":
            self._add({name.lower(): value for name, value in attributes.items()})

    def _add(self, attributes: dict[str, str]) -> None:
        if "xmlurl" not in attributes and attributes.get("type", "").lower() != "rss":
            return  # a folder, or a link to something else
        address = _address(attributes.get("xmlurl", ""))
        name = clean(attributes.get("text", "")) or clean(attributes.get("title", "")) or _host(address)
        self.found.append(Outline(name[:MAX_NAME_LENGTH], address))
        if len(self.found) > MAX_FEEDS:
            raise OpmlError(f"The list names more than {MAX_FEEDS} feeds. Split it, and import the parts.")


_EXPORT = "Export the subscriptions as OPML in your feed reader, and upload that file here."


def _refuse_entity(*declaration: object) -> None:
    raise OpmlError("Refused: the list defines its own entities, which no honest list needs. Remove its DOCTYPE.")


def _address(written: str) -> str:
    address = clean(written)
    for scheme, http_scheme in _FEED_SCHEMES.items():
        if address.lower().startswith(scheme):
            return http_scheme + address[len(scheme) :]
    return address


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or address
    except ValueError:  # an unclosed bracket
        return address


def _in_words(body: bytes, error: expat.ExpatError) -> str:
    if not body.strip():
        return f"The list is empty. {_EXPORT}"
    reason = expat.ErrorString(error.code)
    place = f"line {error.lineno}, column {error.offset + 1}"
    return f"The list is damaged at {place} ({reason}). Export it again, or fix that place: & must be written &amp;."
