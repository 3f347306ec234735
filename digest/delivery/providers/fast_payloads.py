"""What django-anymail makes of a message, without parsing a thousand addresses that are known to be ones."""

import re
from typing import Any

from anymail.backends.base import BasePayload
from anymail.message import AnymailMessageMixin
from anymail.utils import EmailAddress, concat_lists, parse_address_list

_PLAIN = re.compile(r"([A-Za-z0-9_+-][A-Za-z0-9._+-]*)@([A-Za-z0-9.-]+)", re.ASCII)
_ATTRIBUTES = tuple(
    ("to", concat_lists, lambda addresses: _parse(addresses)) if attribute[0] == "to" else attribute
    for attribute in BasePayload.base_message_attrs
)


class _PlainAddress(EmailAddress):  # type: ignore[misc]
    """An address that needs no quotes, and is asked for often."""

    def __init__(self, written: str, username: str, domain: str) -> None:
        super().__init__(username=username, domain=domain)
        self._written = written

    @property
    def addr_spec(self) -> str:
        return self._written


class PayloadFactory:
    """Makes payloads for one backend."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._kind: Any = None

    def make(self, message: AnymailMessageMixin) -> Any:
        """The payload of a message. Its class is known from the first that is made."""
        if self._kind is None:
            addresses, message.to = message.to, message.to[:1]
            kind = type(self._backend.build_message_payload(message, self._backend.send_defaults))
            message.to = addresses
            self._kind = type(kind.__name__, (kind,), {"base_message_attrs": _ATTRIBUTES})
        return self._kind(message, self._backend.send_defaults, self._backend)


def _parse(addresses: list[str]) -> list[EmailAddress]:
    return [address for written in addresses for address in _parse_one(written)]


def _parse_one(written: str) -> list[EmailAddress]:
    plain = _PLAIN.fullmatch(written)
    if plain and ".." not in written and ".@" not in written:
        return [_PlainAddress(written, plain[1], plain[2])]
    found: list[EmailAddress] = parse_address_list([written], field="to")
    return found
