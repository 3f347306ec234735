"""Conditional requests: the validators of a server's last answer go back with the next request (RFC 9110, 13.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class ResponseValidator(NamedTuple):
    """The headers that identify one version of an answer. Either may be empty."""

    etag: str = ""
    last_modified: str = ""


@dataclass
class ConditionalRequests:
    """The validators by address: those known from earlier runs, and those received in this one."""

    known: Mapping[str, ResponseValidator] = field(default_factory=dict)
    received: dict[str, ResponseValidator] = field(default_factory=dict)

    def headers(self, address: str) -> dict[str, str]:
        """Return the headers that make a request to `address` conditional."""
        validator = self.known.get(address, ResponseValidator())
        headers = {"If-None-Match": validator.etag, "If-Modified-Since": validator.last_modified}
        return {name: value for name, value in headers.items() if value}

    def receive(self, address: str, headers: Mapping[str, str]) -> None:
        """Keep the validators of an answer for the next run."""
        validator = ResponseValidator(headers.get("etag", "")[:500], headers.get("last-modified", "")[:100])
        if any(validator):
            self.received[address] = validator
