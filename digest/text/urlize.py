"""A text in parts, so that the addresses that somebody wrote into it can be followed. Pure."""

import re
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"https?://[^\s<>\"“”„«»]+", re.IGNORECASE)
_ENDS = ".,;:!?'’…"  # which are the sentence's, not the address'
_PAIRS = {")": "(", "]": "[", "}": "{"}


def split_links(text: str) -> list[tuple[str, str]]:
    """`text` in parts, each with where it leads: itself, where it is an address of http or https; else nowhere ("")."""
    parts: list[tuple[str, str]] = []
    at = 0
    for found in _ADDRESS.finditer(text):
        address = _without_end(found[0])
        if _can_be_followed(address):
            parts += [(text[at : found.start()], ""), (address, address)]
            at = found.start() + len(address)
    return [part for part in (*parts, (text[at:], "")) if part[0]]


def _without_end(address: str) -> str:
    """Return `address` without what the sentence around it goes on with; a bracket that was opened within stays."""
    surplus = {closing: address.count(closing) - address.count(opening) for closing, opening in _PAIRS.items()}
    end = len(address)
    while end:
        last = address[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _ENDS:
            break
        end -= 1
    return address[:end]


def _can_be_followed(address: str) -> bool:
    """Whether it has a host, and leads where it seems to: no name before an @, no letters that nobody sees."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and "@" not in parts.netloc and address.isprintable()
    except ValueError:
        return False
