"""Requests as they come in: what Django's own request object can't be made of is taken out of their way."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# Django decodes the query by whichever of Python's codecs the header names. Some of these fail on any query with a
# letter beyond ASCII ("idna"), and some are no character sets at all ("rot13", "zlib").
CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "windows-1252"})


def with_readable_content_types(application: Application) -> Application:
    """Wrap a WSGI application. An unreadable Content-Type would end in an error before any middleware is asked."""

    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if content_type := environ.get("CONTENT_TYPE"):
            environ["CONTENT_TYPE"] = readable(content_type)
        return application(environ, start_response)

    return wrapped


def readable(content_type: str) -> str:
    """Return the header without a charset that no form is sent in, or without all parameters if they can't be read."""
    bare, *parameters = content_type.split(";")
    if _is_readable(content_type):
        return content_type
    others = [one for one in parameters if not one.strip().lower().startswith("charset")]
    without_charset = ";".join([bare, *others])
    return without_charset if _is_readable(without_charset) else bare.strip()


def _is_readable(content_type: str) -> bool:
    try:
        _, parameters = parse_header_parameters(content_type)
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        return False
    return str(parameters.get("charset", "utf-8")).lower() in CHARSETS
