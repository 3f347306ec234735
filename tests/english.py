"""A detector of English in a page or email of another language. Parts with `lang="en"` are allowed."""

import re
from functools import cache
from html.parser import HTMLParser

from tests import messages

# Words that are common in English sentences and do not occur in German ones.
TELLING = re.compile(
    r"\b(the|and|with|your|you|are|not|this|that|these|from|its|is|it|we|our|have|has|been|on|at|to|or|of|by|for|"
    r"papers? (?:a|of)|mail me|more papers|sign up|subscribe|topics)\b",
    re.IGNORECASE,
)
SHOWN = ("aria-label", "title", "alt", "placeholder", "content", "label", "data-none", "data-one", "data-many")
SILENT = {"script", "style", "code", "kbd", "option"}
VOID = {"meta", "link", "img", "input", "br", "hr", "meter", "area", "col", "wbr"}


class Words(HTMLParser):
    """The texts of a page, without elements marked as English, code, and names of time zones."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[bool] = []  # for each open element: is it left out?
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        is_out = self._is_out() or tag in SILENT or own.get("lang", own.get("xml:lang")) == "en"
        if not is_out and "viewport" not in str(own) and tag != "optgroup":
            self.found += [value for name in SHOWN if (value := own.get(name))]
        if tag not in VOID:
            self._open.append(is_out)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._is_out() and data.strip():
            self.found.append(data)

    def _is_out(self) -> bool:
        return bool(self._open) and self._open[-1]


def in_page(page: str, known: tuple[str, ...] = ()) -> list[str]:
    """Return the texts of an HTML page that are in English. `known` holds allowed ones: names and texts of papers."""
    return in_pieces(Words(page).found, known)


def in_pieces(pieces: list[str], known: tuple[str, ...] = ()) -> list[str]:
    found = []
    for piece in pieces:
        said = " ".join(piece.split())
        for text in known:
            said = said.replace(text, "")
        if TELLING.search(re.sub(r"https?://\S+", "", said)) or said in originals("de"):
            found.append(said)
    return found


@cache
def originals(language: str) -> frozenset[str]:
    """Return the English messages that have a different text in `language`."""
    catalog = messages.translated(language)
    pairs = [(m.id, m.string) for m in catalog if m.id and isinstance(m.id, str)]
    return frozenset(said for said, translated in pairs if said != translated)
