"""What readers' mails have in common. Pure.

A mail's own values are the tokens of its reader's links: all of them begin alike, with the reader's id (see
`subscriptions.links`). With a blank in the place of each, mails that say the same are the same.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from digest.delivery.transports import Mail
from digest.providers.letters import Letter, letter_of
from digest.providers.ways import Way

UNSUBSCRIBE = "List-Unsubscribe"
ALIKE = 21  # characters in which all tokens of a reader begin: 126 of the 128 bits of the id
BLANK = "\ue000%d\ue001"  # for private use: no text of ours has them
_BLANKS = re.compile("\ue000(\\d+)\ue001")
_TOKEN = re.compile(r"[\w-]*", re.ASCII)
# Drawn anew for each mail, and by the provider for each reader.
_NOT_SHARED = {"Message-ID", "To", "Date", "Content-Type"}
_INVISIBLE = "\u2060"  # a word joiner: what is taken apart by it looks the same


class Shared(NamedTuple):
    """What is the same for some readers, with blanks."""

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str


@dataclass
class Group:
    """Mails that share one content, and what each puts into its blanks."""

    shared: Shared
    mails: list[Mail] = field(default_factory=list)
    values: list[list[str]] = field(default_factory=list)


NOTHING = Shared((), "", "")


def groups(mails: Iterable[Mail]) -> list[Group]:
    """The mails, by what they share, in the order in which they came."""
    found: dict[Shared, Group] = {}
    for mail in mails:
        shared, values = share(letter_of(mail))
        group = found.setdefault(shared, Group(shared))
        group.mails.append(mail)
        group.values.append(values)
    return list(found.values())


def share(letter: Letter) -> tuple[Shared, list[str]]:
    """The letter with blanks, and the values that belong into them."""
    headers = tuple((name, value) for name, value in letter.headers.items() if name not in _NOT_SHARED)
    address = letter.headers.get(UNSUBSCRIBE, "").rstrip("/>")
    beginning = address.rpartition("/")[2][:ALIKE]
    if len(beginning) < ALIKE:
        return Shared(headers, letter.text, letter.html), []
    numbers: dict[str, int] = {}
    marked = tuple((name, _mark(value, beginning, numbers)) for name, value in headers)
    text, html = (_mark(part, beginning, numbers) for part in (letter.text, letter.html))
    return Shared(marked, text, html), list(numbers)


def written(marked: str, way: Way, names: list[str]) -> str:
    """A shared text as the provider wants it: its own way to write a blank, and nothing that it could take for one."""
    for sign in way.signs:
        marked = marked.replace(sign, sign[0] + _INVISIBLE + sign[1:])
    return _BLANKS.sub(lambda blank: way.blank % names[int(blank[1])], marked)


def filled(marked: str, values: list[str]) -> str:
    """A shared text with one reader's values in its blanks."""
    for number, value in enumerate(values):
        marked = marked.replace(BLANK % number, value)
    return marked


def _mark(text: str, beginning: str, numbers: dict[str, int]) -> str:
    before, *after = text.split(beginning)
    for rest in after:
        found = _TOKEN.match(rest)
        ending = found[0] if found else ""
        before += BLANK % numbers.setdefault(beginning + ending, len(numbers)) + rest[len(ending) :]
    return before
