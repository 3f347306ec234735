"""Payloads of django-anymail, made without its slow parsing of a thousand valid addresses."""

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
    """An address that needs no quotes. It keeps its text, because that is read often."""

    def __init__(self, text: str, username: str, domain: str) -> None:
        super().__init__(username=username, domain=domain)
        self._text = text

    @property
    def addr_spec(self) -> str:
        return self._text


class PayloadFactory:
    """A factory of payloads for one backend."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._payload_class: Any = None

    def make(self, message: AnymailMessageMixin) -> Any:
        """Return the payload of `message`. The first call finds out the class of the payload."""
        if self._payload_class is None:
            addresses, message.to = message.to, message.to[:1]
            payload_class = type(self._backend.build_message_payload(message, self._backend.send_defaults))
            message.to = addresses
            self._payload_class = type(payload_class.__name__, (payload_class,), {"base_message_attrs": _ATTRIBUTES})
        return self._payload_class(message, self._backend.send_defaults, self._backend)


def _parse(addresses: list[str]) -> list[EmailAddress]:
    return [address for text in addresses for address in _parse_one(text)]


def _parse_one(text: str) -> list[EmailAddress]:
    match = _PLAIN.fullmatch(text)
    if match and ".." not in text and ".@" not in text:
        return [_PlainAddress(text, match[1], match[2])]
    parsed: list[EmailAddress] = parse_address_list([text], field="to")
    return parsed
