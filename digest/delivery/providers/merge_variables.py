"""What readers' mails have in common. Pure.

A mail's own values are the tokens of its reader's links: all of them begin alike, with the reader's id (see
`subscriptions.security.link_tokens`). With a blank in the place of each, mails that say the same are the same.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from digest.delivery.providers.capabilities import BatchCapability
from digest.delivery.providers.parsed_email import ParsedEmail, parse_mail
from digest.delivery.transports import Mail

UNSUBSCRIBE = "List-Unsubscribe"
ALIKE = 21  # characters in which all tokens of a reader begin: 126 of the 128 bits of the id
BLANK = "\ue000%d\ue001"  # for private use: no text of ours has them
_BLANKS = re.compile("\ue000(\\d+)\ue001")
_TOKEN = re.compile(r"[\w-]*", re.ASCII)
_RAW_TOKEN = re.compile(rb"[\w-]*")
_UNSUBSCRIBE = re.compile(rb"\r\nList-Unsubscribe: *<[^>]*/([\w-]{%d,})/?>" % ALIKE)
_OWN_LINES = re.compile(rb"(?:^|(?<=\n))(?:To|Message-ID|Date):[^\n]*(?:\n[ \t][^\n]*)*(?:\n|$)")
# Drawn anew for each mail, and by the provider for each reader.
_NOT_SHARED = {"Message-ID", "To", "Date", "Content-Type"}


class SharedContent(NamedTuple):
    """What is the same for some readers, with blanks."""

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str


@dataclass
class MergeGroup:
    """Mails that share one content, and what each puts into its blanks.

    `key` is that of their call, where the provider heeds one.
    """

    shared: SharedContent
    mails: list[Mail] = field(default_factory=list)
    values: list[list[str]] = field(default_factory=list)
    key: str = ""

    def only(self, wanted: Sequence[Mail]) -> "MergeGroup":
        """Of its mails, those in `wanted`."""
        if len(wanted) == len(self.mails):
            return self
        ids = {mail.delivery_id for mail in wanted}
        kept = [(mail, its) for mail, its in zip(self.mails, self.values, strict=True) if mail.delivery_id in ids]
        return MergeGroup(self.shared, [mail for mail, _ in kept], [its for _, its in kept], self.key)


NOTHING = SharedContent((), "", "")


def groups(mails: Iterable[Mail]) -> list[MergeGroup]:
    """The mails, by what they share, in the order in which they came."""
    found: dict[SharedContent, MergeGroup] = {}
    seen: dict[int, list[tuple[bytes, MergeGroup]]] = {}  # by length: to compare some is quicker than to hash each
    for mail in mails:
        # Most are alike as they are, but for the tokens: those need not be opened.
        rest, values = _without_own(cast(bytes, mail.message))
        alike = seen.setdefault(len(rest), [])
        group = next((known for other, known in alike if other == rest), None)
        if group is None:
            shared, its_values = extract_variables(parse_mail(mail))
            group = found.setdefault(shared, MergeGroup(shared))
            if its_values == values:  # else a token is broken by a line's end
                alike.append((rest, group))
            values = its_values
        group.mails.append(mail)
        group.values.append(values)
    return list(found.values())


def extract_variables(parsed: ParsedEmail) -> tuple[SharedContent, list[str]]:
    """The letter with blanks, and the values that belong into them."""
    headers = tuple((name, value) for name, value in parsed.headers.items() if name not in _NOT_SHARED)
    address = parsed.headers.get(UNSUBSCRIBE, "").rstrip("/>")
    beginning = address.rpartition("/")[2][:ALIKE]
    if len(beginning) < ALIKE:
        return SharedContent(headers, parsed.text, parsed.html), []
    numbers: dict[str, int] = {}
    marked = tuple((name, _mark(value, beginning, numbers)) for name, value in headers)
    text, html = (_mark(part, beginning, numbers) for part in (parsed.text, parsed.html))
    return SharedContent(marked, text, html), list(numbers)


def with_placeholders(marked: str, capability: BatchCapability, names: list[str]) -> str:
    """Return a shared text with the provider's placeholders, of these names, in its blanks."""
    return _BLANKS.sub(lambda blank: capability.blank % names[int(blank[1])], marked)


def filled(marked: str, values: list[str]) -> str:
    """A shared text with one reader's values in its blanks."""
    for number, value in enumerate(values):
        marked = marked.replace(BLANK % number, value)
    return marked


def _without_own(message: bytes) -> tuple[bytes, list[str]]:
    """The mail as it is without what is its reader's own; and the tokens, in the order in which they appear."""
    head, end, body = message.partition(b"\r\n\r\n")
    found = _UNSUBSCRIBE.search(head)
    if not found:
        return message, []
    beginning = found[1][:ALIKE]
    before, *after = b"".join((_OWN_LINES.sub(b"", head), end, body)).split(beginning)
    numbers: dict[bytes, bytes] = {}
    pieces = [before]
    for rest in after:
        token = _RAW_TOKEN.match(rest)
        ending = token[0] if token else b""
        pieces += numbers.setdefault(ending, b"\0%d" % len(numbers)), rest[len(ending) :]
    return b"".join(pieces), [(beginning + ending).decode() for ending in numbers]


def _mark(text: str, beginning: str, numbers: dict[str, int]) -> str:
    before, *after = text.split(beginning)
    for rest in after:
        found = _TOKEN.match(rest)
        ending = found[0] if found else ""
        before += BLANK % numbers.setdefault(beginning + ending, len(numbers)) + rest[len(ending) :]
    return before
