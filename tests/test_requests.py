"""What is odd about a request is answered, and never by an error of ours."""

import io
from typing import Any

import pytest

from config.requests import readable
from config.wsgi import application


def answer(**environ: Any) -> int:
    """The status that the WSGI application answers, as a server asks it."""
    statuses: list[int] = []
    asked = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/search",
        "QUERY_STRING": "q=caf\xc3\xa9",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
    } | environ
    body = application(asked, lambda status, headers, exc_info=None: statuses.append(int(status[:3])))
    list(body)
    return statuses[0]


ODD_TYPES = [
    "text/plain; charset=idna",
    "text/plain; charset=punycode",
    "text/plain; charset=unicode_escape",
    "text/plain; charset=zlib",
    "text/plain; charset=rot13",
    "text/plain; charset=undefined",
    "text/plain; charset=no-such-charset",
    "text/plain; charset*=idna''caf%E9",
    "text/plain; charset*=no-such-charset''x%41",
    "text/plain; a*=no-such-charset''x%41",
    "text/plain; charset*0=id; charset*1=na",
    'text/plain; x="; charset=idna"; charset=idna',
    ";",
    ";charset",
    "\xff\xfe; \x00",
]


@pytest.mark.parametrize("content_type", ODD_TYPES)
@pytest.mark.django_db
def test_an_odd_content_type_is_no_error_of_ours(content_type: str) -> None:
    assert answer(CONTENT_TYPE=content_type) == 200


@pytest.mark.parametrize(
    ("content_type", "read"),
    [
        ("multipart/form-data; boundary=x", "multipart/form-data; boundary=x"),
        ("text/html; charset=UTF-8", "text/html; charset=UTF-8"),
        ("text/html; charset=iso-8859-1", "text/html; charset=iso-8859-1"),
        ("multipart/form-data; charset=idna; boundary=x", "multipart/form-data; boundary=x"),
        ("text/html; charset*0=id; charset*1=na", "text/html"),
        ("text/html; a*=nonsense''x%41", "text/html"),
    ],
)
def test_it_keeps_what_can_be_read(content_type: str, read: str) -> None:
    assert readable(content_type) == read
