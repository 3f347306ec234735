"""Provider events in the types that we store. Pure.

django-anymail copies fields from a provider's JSON unchanged. An address may be a list there, a time may be in the
year 1, and any text may contain a NUL or half of a surrogate pair, which databases refuse.
"""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from anymail.signals import AnymailTrackingEvent

from digest.delivery.events.classification import classify_event
from subscriptions.email.send_errors import without_addresses

DETAIL = 500  # characters that we store of the provider's text
MAX_ANSWER_LENGTH = 4 * DETAIL  # characters that we read of it
MAX_ADDRESS_LENGTH = 320  # RFC 3696, erratum 1690
EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
CLOCK_TOLERANCE = dt.timedelta(days=1)

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


class AnymailEvent(NamedTuple):
    """An event of django-anymail, with the name of its provider."""

    event: AnymailTrackingEvent
    esp_name: str


class UnreadableEventError(Exception):
    """A field of an event has an impossible type or value."""


@dataclass(frozen=True, slots=True)
class NormalizedEvent:
    """An event in our types. `recipient`, `message_id` and `reader` are empty if the provider names none."""

    key: str
    event_type: str
    meaning: str
    happened_at: dt.datetime
    detail: str
    recipient: str
    message_id: str
    delivery_id: int
    reader: str


def normalize(reported: AnymailEvent, *, now: dt.datetime) -> NormalizedEvent:
    """Return the event in our types, or raise UnreadableEventError."""
    event = reported.event
    if not isinstance(event.event_type, str):
        raise UnreadableEventError(f"its type is {_kind(event.event_type)}")
    event.description, event.mta_response = _answer(event.description), _answer(event.mta_response)
    metadata = event.metadata if isinstance(event.metadata, Mapping) else {}
    try:
        meaning = classify_event(event, reported.esp_name)
        key = _key(event, reported.esp_name)
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise UnreadableEventError(f"{type(error).__name__}: {error}") from error
    text = event.description or event.mta_response or event.reject_reason or ""
    return NormalizedEvent(
        key=key,
        event_type=event.event_type,
        meaning=meaning,
        happened_at=_moment(event.timestamp, now),
        detail=without_addresses(str(text))[:DETAIL],
        recipient=_address(event.recipient),
        message_id=_id(event.message_id),
        delivery_id=_delivery_id(metadata),
        reader=_id(metadata.get("reader")),
    )


def _address(value: Any) -> str:
    """Return the address, or "" if there is none. Raise UnreadableEventError if it can't be an address."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UnreadableEventError(f"its recipient is {_kind(value)}")
    if len(value) > MAX_ADDRESS_LENGTH or _NOT_STORABLE.search(value):
        raise UnreadableEventError("its recipient can't be an address")
    return value.strip()


def _id(value: Any) -> str:
    """Return an id as text, or "" if it can't be an id that we made or stored."""
    known = isinstance(value, (str, int)) and not isinstance(value, bool)
    text = str(value) if known else ""
    return "" if _NOT_STORABLE.search(text) else text


def _answer(value: Any) -> str:
    """Return the beginning of a text. The status code is there, and patterns are slow on long texts."""
    return _NOT_STORABLE.sub("\N{REPLACEMENT CHARACTER}", str(value)[:MAX_ANSWER_LENGTH]) if value else ""


def _moment(value: Any, now: dt.datetime) -> dt.datetime:
    """Return when it happened, or `now` if that is missing or impossible."""
    if not isinstance(value, dt.datetime):
        return now
    moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    return moment if EARLIEST <= moment <= now + CLOCK_TOLERANCE else now


def _delivery_id(metadata: Mapping[Any, Any]) -> int:
    value = str(metadata.get("delivery", ""))
    return int(value) if value.isdecimal() and len(value) < 19 else 0


def _key(event: AnymailTrackingEvent, esp_name: str) -> str:
    """Return a hash of the provider's id of the event and its recipient; without an id, of the whole event."""
    event_id = _event_id(event, esp_name)
    identity = event_id or json.dumps(event.esp_event, sort_keys=True, default=str)
    parts = repr((event.event_type, event.recipient, event.message_id, identity))
    if not event_id:
        parts += repr(event.timestamp)
    return f"{esp_name}:{hashlib.sha256(parts.encode()).hexdigest()[:32]}"


def _event_id(event: AnymailTrackingEvent, esp_name: str) -> str:
    if esp_name == "Mailgun" and isinstance(event.esp_event, Mapping):
        # The id that django-anymail reads is different each time Mailgun sends the event.
        data = event.esp_event.get("event-data")
        return str((data.get("id") if isinstance(data, Mapping) else "") or event.event_id or "")
    return str(event.event_id or "")


def _kind(value: Any) -> str:
    return f"a {type(value).__name__}"
