"""Asking for changes only: what a server said of its last answer goes back with the next request (RFC 9110, 13.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class ResponseValidator(NamedTuple):
    """What tells one answer from the next; either may be empty."""

    etag: str = ""
    last_modified: str = ""


@dataclass
class ConditionalRequests:
    """`known` by address from earlier runs, `heard` in this one."""

    known: Mapping[str, ResponseValidator] = field(default_factory=dict)
    heard: dict[str, ResponseValidator] = field(default_factory=dict)

    def ask(self, address: str) -> dict[str, str]:
        """The headers that make the request a conditional one."""
        mark = self.known.get(address, ResponseValidator())
        asked = {"If-None-Match": mark.etag, "If-Modified-Since": mark.last_modified}
        return {name: value for name, value in asked.items() if value}

    def hear(self, address: str, headers: Mapping[str, str]) -> None:
        mark = ResponseValidator(headers.get("etag", "")[:500], headers.get("last-modified", "")[:100])
        if any(mark):
            self.heard[address] = mark
