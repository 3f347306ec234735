"""Malformed requests get an answer, and never a server error."""

import io
from typing import Any

import pytest

from config.middleware.content_type import readable
from tests.environment import SERVICES

pytestmark = pytest.mark.skipif(SERVICES, reason="the WSGI application closes the connection that the test uses")


def answer(**environ: Any) -> int:
    """Return the status of the WSGI application's response."""
    from config.wsgi import application  # not before the test may use the database: it compares the keys with it

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
def test_an_invalid_content_type_is_not_a_server_error(content_type: str) -> None:
    assert answer(CONTENT_TYPE=content_type) == 200


@pytest.mark.parametrize(
    ("content_type", "read"),
    [
        ("multipart/form-data; boundary=x", "multipart/form-data; boundary=x"),
        ("text/html; charset=UTF-8", "text/html; charset=UTF-8"),
        ("application/x-www-form-urlencoded; charset=iso-8859-1", "application/x-www-form-urlencoded"),
        ("multipart/form-data; charset=idna; boundary=x", "multipart/form-data; boundary=x"),
        ("text/html; charset*0=id; charset*1=na", "text/html"),
        ("text/html; a*=nonsense''x%41", "text/html"),
    ],
)
def test_it_keeps_a_valid_content_type(content_type: str, read: str) -> None:
    assert readable(content_type) == read


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed"])
@pytest.mark.parametrize("host", ["evil.example", "."])
@pytest.mark.parametrize("path", ["/subscribe/", "/admin/login/", "/nowhere/"])
@pytest.mark.django_db
def test_a_form_without_boundary_sent_to_a_strange_host_is_a_bad_request(
    content_type: str, host: str, path: str
) -> None:
    odd = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": "1", "wsgi.input": io.BytesIO(b"x")}
    odd["HTTP_COOKIE"] = f"csrftoken={'f' * 32}"  # with this cookie, the form is read before it is refused
    assert answer(REQUEST_METHOD="POST", PATH_INFO=path, HTTP_HOST=host, **odd) == 400


@pytest.mark.parametrize("length", ["x", "-1", "\xd9\xa3", "1e3", "9" * 5000])
@pytest.mark.django_db
def test_an_invalid_length_is_ignored(length: str) -> None:
    odd = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": length}
    assert answer(REQUEST_METHOD="POST", PATH_INFO="/subscribe/", **odd) < 500


@pytest.mark.django_db
def test_a_form_in_another_charset_is_not_a_server_error() -> None:
    odd = {"CONTENT_TYPE": "application/x-www-form-urlencoded; charset=iso-8859-1", "CONTENT_LENGTH": "1"}
    cookie = f"csrftoken={'f' * 32}"
    assert answer(REQUEST_METHOD="POST", PATH_INFO="/topics/", HTTP_COOKIE=cookie, **odd) == 403


@pytest.mark.django_db
def test_an_unreadable_form_to_an_unknown_url_is_not_found() -> None:
    odd = {"CONTENT_TYPE": "multipart/form-data", "CONTENT_LENGTH": "1", "wsgi.input": io.BytesIO(b"x")}
    assert answer(REQUEST_METHOD="POST", PATH_INFO="/no/where/", HTTP_COOKIE=f"csrftoken={'f' * 32}", **odd) == 404
