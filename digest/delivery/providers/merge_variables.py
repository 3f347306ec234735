"""Merge variables: what the emails of several readers share, and the values of each. Pure.

The emails of one digest differ only in the tokens of their links. All tokens of a reader start with the reader's id
(see `subscriptions.security.link_tokens`). With a blank in the place of each token, emails with the same content are
equal.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from digest.delivery.providers.capabilities import BatchCapability
from digest.delivery.providers.parsed_email import ParsedEmail, parse_mail
from digest.delivery.transports import Mail

UNSUBSCRIBE = "List-Unsubscribe"
SHARED_START = 21  # characters that all tokens of a reader start with: 126 of the 128 bits of the id
BLANK = "\ue000%d\ue001"  # characters for private use, which appear in none of our texts
_BLANKS = re.compile("\ue000(\\d+)\ue001")
_TOKEN = re.compile(r"[\w-]*", re.ASCII)
_RAW_TOKEN = re.compile(rb"[\w-]*")
_UNSUBSCRIBE_HEADER = re.compile(rb"\r\nList-Unsubscribe: *<[^>]*/([\w-]{%d,})/?>" % SHARED_START)
_OWN_HEADERS = re.compile(rb"(?:^|(?<=\n))(?:To|Message-ID|Date):[^\n]*(?:\n[ \t][^\n]*)*(?:\n|$)")
# Different in each email, and set by the provider for each reader.
_NOT_SHARED = {"Message-ID", "To", "Date", "Content-Type"}


class SharedContent(NamedTuple):
    """The content that some readers share, with blanks in the place of their tokens."""

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str


@dataclass
class MergeGroup:
    """Emails that share one content, and the values of each for its blanks.

    `key` is the idempotency key of their call, or empty if the provider does not support keys.
    """

    shared: SharedContent
    mails: list[Mail] = field(default_factory=list)
    values: list[list[str]] = field(default_factory=list)
    key: str = ""

    def only(self, wanted: Sequence[Mail]) -> "MergeGroup":
        """Return the group with only the emails in `wanted`."""
        if len(wanted) == len(self.mails):
            return self
        ids = {mail.delivery_id for mail in wanted}
        pairs = [pair for pair in zip(self.mails, self.values, strict=True) if pair[0].delivery_id in ids]
        return MergeGroup(self.shared, [mail for mail, _ in pairs], [values for _, values in pairs], self.key)


NO_CONTENT = SharedContent((), "", "")


def group_by_content(mails: Iterable[Mail]) -> list[MergeGroup]:
    """Group the emails by the content that they share. Groups and emails keep their order."""
    by_content: dict[SharedContent, MergeGroup] = {}
    seen: dict[int, list[tuple[bytes, MergeGroup]]] = {}  # by length: comparing a few is faster than hashing each
    for mail in mails:
        # Most raw emails are equal apart from the tokens, and need no parsing.
        rest, values = _split_off_tokens(cast(bytes, mail.message))
        alike = seen.setdefault(len(rest), [])
        group = next((known for other, known in alike if other == rest), None)
        if group is None:
            shared, parsed_values = extract_variables(parse_mail(mail))
            group = by_content.setdefault(shared, MergeGroup(shared))
            if parsed_values == values:  # otherwise a line break splits a token
                alike.append((rest, group))
            values = parsed_values
        group.mails.append(mail)
        group.values.append(values)
    return list(by_content.values())


def extract_variables(parsed: ParsedEmail) -> tuple[SharedContent, list[str]]:
    """Return the email's content with blanks, and the values that belong in them."""
    headers = tuple((name, value) for name, value in parsed.headers.items() if name not in _NOT_SHARED)
    address = parsed.headers.get(UNSUBSCRIBE, "").rstrip("/>")
    beginning = address.rpartition("/")[2][:SHARED_START]
    if len(beginning) < SHARED_START:
        return SharedContent(headers, parsed.text, parsed.html), []
    numbers: dict[str, int] = {}
    marked = tuple((name, _replace_tokens(value, beginning, numbers)) for name, value in headers)
    text, html = (_replace_tokens(part, beginning, numbers) for part in (parsed.text, parsed.html))
    return SharedContent(marked, text, html), list(numbers)


def with_placeholders(marked: str, capability: BatchCapability, names: list[str]) -> str:
    """Return the shared text `marked` with the provider's merge variables of these names in its blanks."""
    return _BLANKS.sub(lambda blank: capability.variable % names[int(blank[1])], marked)


def fill_in(marked: str, values: list[str]) -> str:
    """Return the shared text `marked` with one reader's values in its blanks."""
    for number, value in enumerate(values):
        marked = marked.replace(BLANK % number, value)
    return marked


def _split_off_tokens(message: bytes) -> tuple[bytes, list[str]]:
    """Return the raw email without the parts that differ between readers, and its tokens in order of appearance."""
    head, end, body = message.partition(b"\r\n\r\n")
    match = _UNSUBSCRIBE_HEADER.search(head)
    if not match:
        return message, []
    beginning = match[1][:SHARED_START]
    before, *after = b"".join((_OWN_HEADERS.sub(b"", head), end, body)).split(beginning)
    numbers: dict[bytes, bytes] = {}
    pieces = [before]
    for rest in after:
        token = _RAW_TOKEN.match(rest)
        ending = token[0] if token else b""
        pieces += numbers.setdefault(ending, b"\0%d" % len(numbers)), rest[len(ending) :]
    return b"".join(pieces), [(beginning + ending).decode() for ending in numbers]


def _replace_tokens(text: str, beginning: str, numbers: dict[str, int]) -> str:
    """Return `text` with blanks in the place of tokens. `numbers` gets the number of each new token."""
    before, *after = text.split(beginning)
    for rest in after:
        match = _TOKEN.match(rest)
        ending = match[0] if match else ""
        before += BLANK % numbers.setdefault(beginning + ending, len(numbers)) + rest[len(ending) :]
    return before
