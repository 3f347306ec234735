"""A random request, as a web server passes it to the WSGI application."""

import base64
import io
import json
import random
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_from_bytes, urlencode

from tests.digest.delivery.events import payloads
from tests.fuzz import bodies, changelists
from tests.fuzz.targets import API, API_TOKEN, SESSIONS, Route, reader_cookie, values
from tests.fuzz.values import (
    CHARSETS,
    COOKIES,
    HEADERS,
    METHODS,
    PLACES,
    TEXTS,
    TRANSFER_ENCODINGS,
    TYPES,
    encode,
    spoilt,
    text,
)

CSRF = "f" * 32  # a token that Django accepts if cookie and field agree
BOUNDARY = "xxBOUNDARYxx"
API_QUERY = ["cursor", "limit", "status", "frequency", "topic", "email", "created_since", "edition", "reader"]
API_BODY = {
    "email": "ada@example.org", "topics": ["agents"], "words": "diffusion", "frequency": "daily", "send_hour": 7,
    "time_zone": "Europe/Berlin", "max_papers": 5, "amount": "normal", "language": "en", "mail_quiet_days": True,
}  # fmt: skip
Environ = dict[str, Any]
Body = tuple[str, bytes]


def make_environ(method: str, path: bytes, query: bytes = b"", body: bytes = b"", **headers: str) -> Environ:
    """Return the environ of a request (PEP 3333)."""
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    } | headers


def path_of(route: Route, chance: random.Random, odds: float = 0.0) -> bytes:
    """Return a path of `route`. `odds` is the probability of odd values in it."""
    places = {place: chance.choice(known) for place, known in values(route).items()}
    for place in places:
        if chance.random() < odds:
            places[place] = _odd_value(places[place], place, chance)
    path = encode("/" + route.template % places)
    if chance.random() < odds / 3:
        at = chance.randrange(len(path) + 1)
        path = path[:at] + chance.choice([b"\x00", b"\xff", b"/", b"//", b"..", b"%2f", b"\xed\xa0\x80"]) + path[at:]
    if chance.random() < odds / 2 and not route.is_admins:
        path = b"/de" + path
    return path


def _odd_value(value: str, place: str, chance: random.Random) -> str:
    """Return an odd text, or for numbers and dates one that the pattern may accept."""
    fitting = PLACES["number"] if value.isdigit() else PLACES.get(_kind_of_day(value) if place == "day" else place, [])
    return chance.choice(fitting) if fitting and chance.random() < 0.5 else text(chance)[:10_000]


def _kind_of_day(value: str) -> str:
    return "week" if "W" in value else "month" if len(value) == len("2026-01") else "day"


def random_request(route: Route, chance: random.Random) -> tuple[Environ, bytes]:
    """Return a request to `route`, and its body."""
    method = chance.choices(["GET", "POST", "HEAD", chance.choice(METHODS)], [45, 40, 5, 10])[0]
    path, query = path_of(route, chance, 0.15), _query(route, chance)
    kind, body = ("", b"") if method in ("GET", "HEAD") and chance.random() < 0.9 else _body(route, chance)
    environ = make_environ(method, path, query, body)
    if kind or chance.random() < 0.2:
        environ["CONTENT_TYPE"] = _content_type(kind, chance)
    environ["HTTP_COOKIE"] = _cookies(route, chance)
    if chance.random() < 0.9:
        environ["HTTP_X_CSRFTOKEN"] = CSRF
    for name in chance.sample(sorted(HEADERS), chance.choice([0, 0, 1, 2, 5])):
        environ[name] = chance.choice(HEADERS[name])
    if route.template.startswith("anymail/"):
        _report(environ, route, chance)
        body = environ["wsgi.input"].getvalue()
    if route.template == API:
        body = _call(environ, chance)
    if chance.random() < 0.03:
        environ["CONTENT_LENGTH"] = chance.choice(["", "-1", "x", "0", "1", str(10**9), "٣"])
    if body and chance.random() < 0.02:
        environ["wsgi.input"] = bodies.Interrupted(body[: chance.randrange(len(body))])
    return environ, body


def _query(route: Route, chance: random.Random) -> bytes:
    if chance.random() < 0.4:
        return b""
    if chance.random() < 0.1:
        return bytes(chance.choices(range(256), k=chance.randrange(60)))
    if route.is_admins and chance.random() < 0.3:
        return urlencode(changelists.random_query(route, chance)).encode()
    names = [*route.query, "q", "page", "topic", "opinion", "like", "p", "o", "all", "e", "next", "show", text(chance)]
    chosen = chance.choices(names, k=chance.choice([1, 1, 2, 5, 30]))
    return b"&".join(_quoted(name) + b"=" + _quoted(_value(route, name, chance)) for name in chosen)


def _value(route: Route, name: str, chance: random.Random) -> str:
    """Return one of the values that a page offers for this field, or an odd text."""
    known = route.choices.get(name)
    return chance.choice(known) if known and chance.random() < 0.7 else text(chance)


def _quoted(said: str) -> bytes:
    return quote_from_bytes(encode(said)[:6000]).encode()


def _body(route: Route, chance: random.Random) -> Body:
    makers: list[Callable[[list[tuple[str, str]], random.Random], Body]]
    makers = [_form, _form, _form, _multipart, _multipart, _json, _binary]
    if route.files and chance.random() < 0.6:
        return bodies.upload(_fields(route, chance), route.files, BOUNDARY, chance)
    return chance.choice(makers)(_fields(route, chance), chance)


def _fields(route: Route, chance: random.Random) -> list[tuple[str, str]]:
    """Return the fields that the forms of the page would send, with some odd values."""
    odds = chance.choice([0.0, 0.02, 0.1, 0.5])
    picks = {name: chance.choice(values) for name, values in route.choices.items() if chance.random() < 0.3}
    named = [(name, text(chance) if chance.random() < odds else picks.get(name, value)) for name, value in route.fields]
    chosen = [one for one in named if chance.random() > odds / 4]
    if chosen and chance.random() < 0.1:
        chosen += chance.choices(chosen, k=3)  # the same fields again
    if chance.random() < 0.3:
        chosen += [(chance.choice([*TEXTS, "words", "topics", "email", "action"]), text(chance)) for _ in range(3)]
    return [one for one in chosen if one[0] != "csrfmiddlewaretoken"] + [("csrfmiddlewaretoken", CSRF)]


def _form(fields: list[tuple[str, str]], chance: random.Random) -> Body:
    body = "&".join(f"{quote(encode(name))}={quote(encode(value))}" for name, value in fields).encode()
    if chance.random() < 0.05:
        body += b"&" + bytes(chance.choices(range(256), k=200))
    if chance.random() < 0.02:
        body += b"&a" * 3000
    return "application/x-www-form-urlencoded", body


def _multipart(fields: list[tuple[str, str]], chance: random.Random) -> Body:
    parts = []
    for name, value in fields:
        head = f'Content-Disposition: form-data; name="{name}"'
        if chance.random() < 0.05:
            head += f'; filename="{chance.choice(TEXTS)[:200]}"'
        if chance.random() < 0.05:
            head += f"\r\nContent-Type: text/plain; charset={chance.choice(CHARSETS)}"
        if chance.random() < 0.05:
            head += f"\r\nContent-Transfer-Encoding: {chance.choice(TRANSFER_ENCODINGS)}"
        parts.append(encode(f"--{BOUNDARY}\r\n{head}\r\n\r\n{value}\r\n"))
    body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
    if chance.random() < 0.1:
        body = body[: chance.randrange(len(body))]
    return f"multipart/form-data; boundary={BOUNDARY}", body


def _json(fields: list[tuple[str, str]], chance: random.Random) -> Body:
    body = json.dumps(spoilt(dict(fields), chance)).encode()
    return "application/json", chance.choice([body, body[:-1], b"[" * 20_000, b"\xef\xbb\xbf" + body, b"1" * 5000])


def _binary(fields: list[tuple[str, str]], chance: random.Random) -> Body:
    size = chance.choice([0, 1, 100, 70_000])
    return chance.choice(TYPES), chance.randbytes(size)


def _content_type(kind: str, chance: random.Random) -> str:
    if chance.random() < 0.1:
        kind = chance.choice(TYPES)
    if chance.random() < 0.15:
        kind += f"; charset{chance.choice(['', '', '*', '*0'])}={chance.choice(CHARSETS)}"
    return kind


def _cookies(route: Route, chance: random.Random) -> str:
    names = sorted(SESSIONS)
    chosen = chance.choices([*names, ""], [2, 12, 2, 1] if route.is_admins else [1, 2, 1, 6])[0]
    cookies = [f"csrftoken={CSRF}"] if chance.random() < 0.95 else []
    if chosen:
        cookies.append(f"sessionid={SESSIONS[chosen]}")
    if not route.is_admins and chance.random() < 0.4:
        cookies.append(reader_cookie())
    if chance.random() < 0.05:
        cookies.append(chance.choice(COOKIES))
    return "; ".join(cookies)


def _call(environ: Environ, chance: random.Random) -> bytes:
    """Turn most requests to the API into a program's, with a valid token and odd content. Return the body."""
    body: bytes = environ["wsgi.input"].getvalue()
    if chance.random() < 0.1:
        return body
    environ["HTTP_AUTHORIZATION"] = f"Bearer {API_TOKEN}"
    environ["REQUEST_METHOD"] = chance.choice(["GET", "GET", "POST", "PATCH", "HEAD"])
    if chance.random() < 0.5:
        environ["QUERY_STRING"] = f"{chance.choice(API_QUERY)}={_quoted(text(chance)).decode()}"
    if environ["REQUEST_METHOD"] in ("POST", "PATCH"):
        body = bodies.odd_json(spoilt(API_BODY, chance, 0.08), chance)
        environ |= {
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": _content_type("application/json", chance) if chance.random() < 0.1 else "application/json",
        }
    return body


def _report(environ: Environ, route: Route, chance: random.Random) -> None:
    """Turn most requests into a provider's event, with a valid signature and odd content."""
    if chance.random() < 0.2:
        return
    maker, what, _ = chance.choice(payloads.REPORTS)
    reader = chance.choice(["daily@example.org", "left@example.org", "nobody@example.org", text(chance)])
    try:
        post = maker(spoilt(what, chance, 0.1), spoilt(reader, chance, 0.1), 1)
    except (TypeError, AttributeError, KeyError, ValueError):  # the maker reads some of the content, too
        post = maker(dict(what), "daily@example.org", 1)
    body = post.body
    if "Authorization" in post.headers and chance.random() < 0.7:
        body = json.dumps(spoilt(json.loads(body), chance, 0.05)).encode()
    fresh = make_environ("POST", post.path.encode(), body=body, CONTENT_TYPE=post.content_type)
    basic = "Basic " + base64.b64encode(payloads.SECRET.encode()).decode()
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in post.headers.items()}
    environ |= fresh | {"HTTP_AUTHORIZATION": basic} | named
    if chance.random() < 0.05:
        environ["CONTENT_TYPE"] = _content_type(post.content_type, chance)
    if chance.random() < 0.05:
        environ["QUERY_STRING"] = urlencode({"a": chance.choice(TEXTS[:20])})
