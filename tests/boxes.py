"""The form data that a browser posts from an admin page if its user typed nothing."""

from html.parser import HTMLParser
from typing import Any

BUTTONS = ("submit", "button", "file")


class Boxes(HTMLParser):
    """A parser that collects the fields of a page's form `#…_form` or `#…-form`: `posted` has all values by name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.posted: dict[str, list[str]] = {}
        self._is_within, self._text, self._choice = False, "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_within = attributes.get("id", "").endswith(("_form", "-form"))
        elif tag == "textarea":
            self._text = attributes["name"]
            self._add(self._text, "")
        elif tag == "select":
            self._choice = attributes.get("name", "")
        elif tag == "option" and "selected" in attributes:
            self._add(self._choice, attributes["value"])
        elif tag == "input" and attributes.get("type") not in BUTTONS and self._is_ticked(attributes):
            self._add(attributes.get("name", ""), attributes.get("value", "on" if "checked" in attributes else ""))

    def handle_endtag(self, tag: str) -> None:
        self._is_within &= tag != "form"
        self._text = "" if tag == "textarea" else self._text

    def handle_data(self, data: str) -> None:
        if self._text and self._is_within:
            self.posted[self._text] = [data.removeprefix("\n")]

    def _is_ticked(self, attributes: dict[str, str]) -> bool:
        return attributes.get("type") not in ("checkbox", "radio") or "checked" in attributes

    def _add(self, name: str, value: str) -> None:
        if name and self._is_within:
            self.posted.setdefault(name, [])
            self.posted[name] += [value]


def untouched(answer: Any) -> dict[str, list[str]]:
    """Return what a browser would post from the form in the response `answer`."""
    return Boxes(answer.content.decode()).posted
