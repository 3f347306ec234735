"""The parser of providers' requests: django-anymail's views, changed to skip single events that can't be read."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from typing import Any

from anymail.signals import AnymailTrackingEvent
from django.core.exceptions import SuspiciousOperation

from digest.delivery.events.event_store import SkippedEvents, record_all
from digest.delivery.events.normalization import AnymailEvent

MAX_EVENTS = 50_000  # in one request; providers are known to send up to 1,000

logger = logging.getLogger(__name__)

_collected: ContextVar[list[AnymailEvent] | None] = ContextVar("collected", default=None)


class TooManyEventsError(SuspiciousOperation):
    """A request contains more events than any provider sends."""


class NothingReadableError(ValueError):
    """A request contains events, and none can be read."""


@cache
def view_of(name: str) -> Any:
    """Return django-anymail's view `name` (below anymail.webhooks), changed to skip unreadable events."""
    module, _, class_name = name.partition(".")
    view: Any = getattr(import_module(f"anymail.webhooks.{module}"), class_name)
    tolerant: Any = type(class_name, (SkipUnreadableEvents, view), {})
    return tolerant.as_view()


class SkipUnreadableEvents:
    """A mixin for the views of django-anymail. Without it they read all events of a request or none."""

    esp_name: str
    signal: Any

    def parse_events(self, request: Any) -> list[AnymailTrackingEvent]:
        self._skipped, self._seen = SkippedEvents(), 0
        events: list[AnymailTrackingEvent | None] = super().parse_events(request)  # type: ignore[misc]
        self._skipped.sum_up()
        readable = [event for event in events if event is not None]
        if events and not readable:
            raise NothingReadableError("no event can be read")
        return readable

    def esp_to_anymail_event(self, *raw: Any) -> AnymailTrackingEvent | None:
        self._seen += 1
        if self._seen > MAX_EVENTS:
            raise TooManyEventsError(f"More than {MAX_EVENTS} events in one request")
        signal = self.signal
        try:
            event = super().esp_to_anymail_event(*raw)  # type: ignore[misc]
            if not isinstance(event, AnymailTrackingEvent):
                raise TypeError("it is not an event about an email of ours")
        except Exception as error:  # a stranger's JSON can raise anything in code that expects a provider's
            self.signal = signal  # Mandrill's view takes its signal from the events
            self._skipped.add(self.esp_name, error)
            return None
        return event

    def unwrap_event(self, raw_event: Any) -> tuple[Any, Any, Any]:
        """Take an event of SparkPost out of its envelope. `esp_to_anymail_event` skips one without an envelope."""
        try:
            unwrapped: tuple[Any, Any, Any] = super().unwrap_event(raw_event)  # type: ignore[misc]
        except (AttributeError, KeyError, TypeError):
            return "", raw_event, raw_event
        return unwrapped


@contextmanager
def collecting_events() -> Iterator[list[AnymailEvent]]:
    """Collect the events of this context in a list, and do not record them yet."""
    events: list[AnymailEvent] = []
    token = _collected.set(events)
    try:
        yield events
    finally:
        _collected.reset(token)


def collect_event(event: AnymailEvent) -> None:
    """Add `event` to the list of `collecting_events`, or record it at once if nothing collects."""
    collected = _collected.get()
    if collected is None:
        record_all([event])
    else:
        collected.append(event)
