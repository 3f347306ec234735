"""Plain text split into parts, so that the web addresses in it can be links. Pure."""

import re
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"https?://[^\s<>\"“”„«»]+", re.IGNORECASE)
_ENDS = ".,;:!?'’…"  # punctuation of the sentence, not of the address
_PAIRS = {")": "(", "]": "[", "}": "{"}


def split_links(text: str) -> list[tuple[str, str]]:
    """Split `text` into parts with their link targets. The target of an http(s) address is itself, else ""."""
    parts: list[tuple[str, str]] = []
    end = 0
    for match in _ADDRESS.finditer(text):
        address = _without_punctuation(match[0])
        if _is_safe(address):
            parts += [(text[end : match.start()], ""), (address, address)]
            end = match.start() + len(address)
    return [part for part in (*parts, (text[end:], "")) if part[0]]


def _without_punctuation(address: str) -> str:
    """Return `address` without the punctuation of the sentence at its end. Keep a bracket that closes one inside it."""
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


def _is_safe(address: str) -> bool:
    """Return whether the address has a host and is not misleading: no user name, no invisible characters."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and "@" not in parts.netloc and address.isprintable()
    except ValueError:
        return False
