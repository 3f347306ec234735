"""The signed-in reader: `request.reader` in views, and `reader` in templates."""

from collections.abc import Callable
from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from digest.site import reader_state
from subscriptions.security import reader_session

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def signed_in_reader(get_response: GetResponse) -> GetResponse:
    """Set `request.reader`: the reader who is signed in on this device, or a falsy value. It is read when used."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.reader = SimpleLazyObject(lambda: reader_session.reader_of(request))  # type: ignore[attr-defined]
        return reader_session.finish(request, get_response(request))

    return middleware


def context(request: HttpRequest) -> dict[str, Any]:
    """Return what every page knows about the signed-in reader, or nothing for strangers. It is loaded on first use."""

    def messages() -> Any:
        return get_messages(request) if reader_session.reader_of(request) else ()

    return {
        "reader": SimpleLazyObject(lambda: reader_session.reader_of(request)),
        "reader_state": SimpleLazyObject(lambda: reader_state.of_request(request)),
        "messages": SimpleLazyObject(messages),
    }
