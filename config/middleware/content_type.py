"""A WSGI wrapper that repairs headers that make Django fail to create a request object."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# All our pages are in UTF-8, and so are the forms that browsers send from them. Django decodes the query with any codec
# of Python that the header names. Some fail on letters beyond ASCII ("idna"), and some are not charsets ("rot13").
CHARSET = "utf-8"
LONGEST_LENGTH = 20  # digits


def with_readable_headers(application: Application) -> Application:
    """Wrap a WSGI application. Unreadable headers would cause an error before any middleware or view runs."""

    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if content_type := environ.get("CONTENT_TYPE"):
            environ["CONTENT_TYPE"] = readable(content_type)
        length = environ.get("CONTENT_LENGTH") or ""
        if not (length.isascii() and length.isdecimal() and len(length) < LONGEST_LENGTH):
            environ["CONTENT_LENGTH"] = ""
        return application(environ, start_response)

    return wrapped


def readable(content_type: str) -> str:
    """Return the header without a charset other than UTF-8, or without all parameters if they can't be read."""
    bare, *parameters = content_type.split(";")
    if _is_readable(content_type):
        return content_type
    others = [parameter for parameter in parameters if not parameter.strip().lower().startswith("charset")]
    without_charset = ";".join([bare, *others])
    return without_charset if _is_readable(without_charset) else bare.strip()


def _is_readable(content_type: str) -> bool:
    try:
        _, parameters = parse_header_parameters(content_type)
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        return False
    return str(parameters.get("charset", CHARSET)).lower() == CHARSET
