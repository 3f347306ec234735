"""Lists of feeds as feed readers export them: OPML. Pure.

See https://opml.org/spec2.opml; exporters differ in the case of its names, and in `text` or `title`.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.parsers import expat

from digest.text.cleanup import clean

MOST = 1000  # feeds in one list
LONGEST_NAME = 120  # characters
_FEED_SCHEMES = {"feed://": "http://", "feed:http://": "http://", "feed:https://": "https://"}


class OpmlError(Exception):
    """The list can't be read; the message says why, and what to do."""


@dataclass(frozen=True)
class Outline:
    """One feed of a list. The address is as it stands there, and may be none at all."""

    name: str
    address: str


def parse(body: bytes, encoding: str | None = None) -> list[Outline]:
    """The feeds in `body`, whatever folders they are in. Raises OpmlError.

    `encoding` goes over what the list says of its own, which is wrong once it was pasted.
    """
    reader = _OpmlReader()
    parser = expat.ParserCreate(encoding)
    parser.StartElementHandler = reader.start
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(body.lstrip(), True)
    except expat.ExpatError as error:
        raise OpmlError(_in_words(body, error)) from error
    except (ValueError, LookupError) as error:  # an encoding that nobody knows
        raise OpmlError(f"The list can't be decoded ({error}). Save it as UTF-8 and try again.") from error
    if not reader.found:
        raise OpmlError("The list names no feed: none of its outlines has an xmlUrl. Export the feeds, not the posts.")
    return reader.found


class _OpmlReader:
    """Keeps what the outlines say. Folders don't matter, so neither does how deep they are nested."""

    def __init__(self) -> None:
        self.found: list[Outline] = []
        self._is_opml = False

    def start(self, element: str, attributes: dict[str, str]) -> None:
        if not self._is_opml:
            if element.lower() != "opml":
                raise OpmlError(f"This is no OPML: it begins with <{element[:40]}>. {_EXPORT}")
            self._is_opml = True
        elif element.lower() == "outline":
            self._keep({name.lower(): value for name, value in attributes.items()})

    def _keep(self, said: dict[str, str]) -> None:
        if "xmlurl" not in said and said.get("type", "").lower() != "rss":
            return  # a folder, or a link to something else
        address = _address(said.get("xmlurl", ""))
        name = clean(said.get("text", "")) or clean(said.get("title", "")) or _host(address)
        self.found.append(Outline(name[:LONGEST_NAME], address))
        if len(self.found) > MOST:
            raise OpmlError(f"The list names more than {MOST} feeds. Split it, and import the parts.")


_EXPORT = "In your feed reader choose to export the subscriptions as OPML, and give that file here."


def _refuse_entity(*declaration: object) -> None:
    raise OpmlError("Refused: the list defines entities of its own, which no honest list needs. Remove its DOCTYPE.")


def _address(written: str) -> str:
    address = clean(written)
    for scheme, meant in _FEED_SCHEMES.items():
        if address.lower().startswith(scheme):
            return meant + address[len(scheme) :]
    return address


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or address
    except ValueError:  # a bracket that doesn't close
        return address


def _in_words(body: bytes, error: expat.ExpatError) -> str:
    if not body.strip():
        return f"The list is empty. {_EXPORT}"
    what = expat.ErrorString(error.code)
    where = f"line {error.lineno}, column {error.offset + 1}"
    return f"The list is damaged at {where} ({what}). Export it once more, or mend that place: a bare & is &amp; there."
