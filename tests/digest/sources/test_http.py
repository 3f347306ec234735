"""The HTTP client: its limits, its retries, and the hosts that it refuses."""

import gzip
import ipaddress
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from digest.sources import http
from digest.sources.http import Http, StatusError
from digest.sources.records import SourceError, UnreachableError
from tests.upstream import Answer, Upstream

MEGABYTE = 1_000_000


@pytest.fixture
def naps() -> list[float]:
    """The waits that were skipped, in seconds."""
    return []


@pytest.fixture
def client(naps: list[float]) -> Http:
    return Http(user_agent="DailyPapers/1.0 (+me@example.org)", limit=MEGABYTE, timeout=2, sleep=naps.append)


def test_it_brings_the_body_and_says_who_asks(client: Http, upstream: Upstream) -> None:
    upstream.say("/a", b"\x00body\xff")
    assert client.get(f"{upstream.url}/a", {"p": 0, "q": "x y"}) == b"\x00body\xff"
    assert upstream.asked[0].query == {"p": "0", "q": "x y"}
    assert upstream.asked[0].headers["user-agent"] == "DailyPapers/1.0 (+me@example.org)"


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_it_tries_again_and_waits_longer_each_time(
    client: Http, upstream: Upstream, naps: list[float], status: int
) -> None:
    upstream.say("/a", "busy", status)
    upstream.say("/a", "busy", status)
    upstream.say("/a", "here")
    assert client.get(f"{upstream.url}/a") == b"here"
    assert len(naps) == 2
    assert 0.5 <= naps[0] <= 1 <= naps[1] <= 2


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        ("7", 7, 7),
        ("Thu, 20 Aug 2026 12:00:20 GMT", 20, 20),
        ("Thu, 20 Aug 2026 12:00:20 -0000", 20, 20),
        ("Thu, 20 Aug 2026 11:59:59 GMT", 0.5, 1),
        ("0", 0.5, 1),
        ("-5", 0.5, 1),
        ("soon", 0.5, 1),
        ("²", 0.5, 1),
        ("Mon, 99 Foo 99999999 25:61:00 +9999999999", 0.5, 1),
    ],
)
@pytest.mark.usefixtures("now")
def test_it_waits_as_long_as_the_server_asks(
    client: Http, upstream: Upstream, naps: list[float], retry_after: str, least: float, most: float
) -> None:
    upstream.say("/a", "busy", 429, Retry_After=retry_after)
    upstream.say("/a", "here")
    client.get(f"{upstream.url}/a")
    assert least <= naps[0] <= most


def test_it_gives_up_at_once_where_the_server_asks_for_more_time_than_there_is(
    client: Http, upstream: Upstream, naps: list[float]
) -> None:
    upstream.say("/a", "busy", 429, Retry_After="3600")
    with pytest.raises(UnreachableError, match=r"/a: answered 429 Too Many Requests, after one try$"):
        client.get(f"{upstream.url}/a")
    assert naps == []


def test_it_gives_up_after_three_tries_and_says_why(client: Http, upstream: Upstream) -> None:
    upstream.say("/a", "<h1>Sorry</h1>", 503)
    with pytest.raises(UnreachableError, match=r"^http://127.*/a: answered 503 Service Unavailable, after 3 tries$"):
        client.get(f"{upstream.url}/a")
    assert len(upstream.asked) == 3


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 410])
def test_it_takes_no_other_status_for_a_hiccup(client: Http, upstream: Upstream, status: int) -> None:
    upstream.say("/a", "", status)
    with pytest.raises(StatusError, match=f"answered {status}") as refused:
        client.get(f"{upstream.url}/a")
    assert refused.value.status == status
    assert len(upstream.asked) == 1


@pytest.mark.parametrize("packed", [False, True])
def test_it_tells_what_a_refusal_says(client: Http, upstream: Upstream, packed: bool) -> None:
    page = b"<!doctype html><title>No such paper</title><style>p{}</style><p>Try &quot;another&quot;" + b" x" * 200
    upstream.say("/a", gzip.compress(page) if packed else page, 404, **({"Content_Encoding": "gzip"} if packed else {}))
    with pytest.raises(StatusError, match=r'/a: answered 404 Not Found: No such paper Try "another" x') as refused:
        client.get(f"{upstream.url}/a")
    assert len(str(refused.value)) < 250


def test_it_says_that_nobody_answers(client: Http) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    with pytest.raises(UnreachableError, match=rf"^{address}: can't be reached \(.*refused.*\), after 3 tries$"):
        client.get(address)


def test_it_says_that_there_is_no_such_host(naps: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*arguments: Any) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    client = Http(user_agent="test", limit=MEGABYTE, private_hosts=False, sleep=naps.append)
    with pytest.raises(UnreachableError, match=r"the host nowhere\.example\.org can't be found, after 3 tries$"):
        client.get("https://nowhere.example.org/feed")


@pytest.mark.parametrize(
    "address", ["ftp://example.org/", "file:///etc/passwd", "/feed.xml", "http://", "http://[1", "http://x:99999/", "http://a\x00b/"]
)  # fmt: skip
def test_it_refuses_what_is_no_address(client: Http, address: str) -> None:
    with pytest.raises(SourceError):
        client.get(address)


# --- Redirects ----------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_it_follows_a_redirect_to_a_relative_address(client: Http, upstream: Upstream, status: int) -> None:
    upstream.say("/old/a", "", status, Location="../new/b?c=d")
    upstream.say("/new/b", "here")
    assert client.get(f"{upstream.url}/old/a") == b"here"
    assert upstream.asked[-1].query == {"c": "d"}


def test_it_follows_five_redirects_and_not_six(client: Http, upstream: Upstream) -> None:
    for number in range(6):
        upstream.say(f"/{number}", "", 302, Location=f"/{number + 1}")
    upstream.say("/6", "here")
    assert client.get(f"{upstream.url}/1") == b"here"
    with pytest.raises(SourceError, match="more than 5 redirects"):
        client.get(f"{upstream.url}/0")


def test_it_leaves_a_loop(client: Http, upstream: Upstream) -> None:
    upstream.say("/a", "", 302, Location="/a")
    with pytest.raises(SourceError, match="more than 5 redirects"):
        client.get(f"{upstream.url}/a")
    assert len(upstream.asked) == 6


@pytest.mark.parametrize(
    "place",
    ["file:///etc/passwd", "javascript:alert(1)", "http://[1", "http://x:99999/", "http://" + "x" * 70 + ".org/"],
)
def test_it_refuses_a_redirect_to_what_is_no_address(client: Http, upstream: Upstream, place: str) -> None:
    upstream.say("/a", "", 302, Location=place)
    with pytest.raises(SourceError):
        client.get(f"{upstream.url}/a")
    assert len(upstream.asked) <= 3


# --- Private hosts ------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "2130706433", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "10.1.2.3", "192.168.0.1",
        "172.16.0.1", "169.254.169.254", "100.64.0.1", "[fd00::1]", "[fe80::1]",
    ],
)  # fmt: skip
def test_it_refuses_a_private_host(naps: list[float], host: str) -> None:
    client = Http(user_agent="test", limit=MEGABYTE, private_hosts=False, sleep=naps.append)
    with pytest.raises(SourceError, match="which is not a public address"):
        client.get(f"http://{host}:9/feed")


def test_it_refuses_a_private_host_behind_a_public_one(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    real = http._addresses_of
    public = [ipaddress.ip_address("93.184.215.14")]
    monkeypatch.setattr(http, "_addresses_of", lambda host: public if host == "127.0.0.1" else real(host))
    monkeypatch.setattr(http, "only_public", lambda trace, address: trace)  # it would look again, where it leads
    upstream.say("/a", "", 302, Location=upstream.url.replace("127.0.0.1", "localhost") + "/secret")
    upstream.say("/secret", "the key to the house")
    client = Http(user_agent="test", limit=MEGABYTE, private_hosts=False)
    with pytest.raises(SourceError, match=r"/secret: leads to .*, which is not a public address"):
        client.get(f"{upstream.url}/a")
    assert [asked.path for asked in upstream.asked] == ["/a"]


def test_it_refuses_a_redirect_from_an_operators_host_to_another_private_one(client: Http, upstream: Upstream) -> None:
    upstream.say("/a", "", 302, Location="http://169.254.169.254/latest/meta-data/")
    with pytest.raises(SourceError, match=r"leads to 169\.254\.169\.254, which is not a public address"):
        client.get(f"{upstream.url}/a")


# --- Size and form ------------------------------------------------------------


def test_it_unpacks(client: Http, upstream: Upstream) -> None:
    upstream.say("/gzip", gzip.compress(b"here"), Content_Encoding="gzip")
    upstream.say("/zlib", zlib.compress(b"here"), Content_Encoding="deflate")
    assert client.get(f"{upstream.url}/gzip") == client.get(f"{upstream.url}/zlib") == b"here"
    assert upstream.asked[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("packed", [False, True])
def test_it_takes_as_much_as_the_limit_and_no_byte_more(client: Http, upstream: Upstream, packed: bool) -> None:
    headers = {"Content_Encoding": "gzip"} if packed else {}
    for path, size in [("/fits", MEGABYTE), ("/over", MEGABYTE + 1)]:
        body = b"a" * size
        upstream.say(path, gzip.compress(body) if packed else body, 200, **headers)
    assert len(client.get(f"{upstream.url}/fits")) == MEGABYTE
    with pytest.raises(SourceError, match="/over: larger than 1 MB"):
        client.get(f"{upstream.url}/over")


def test_it_never_unpacks_a_bomb(client: Http, upstream: Upstream) -> None:
    upstream.say("/a", gzip.compress(b"a" * 50 * MEGABYTE), Content_Encoding="gzip")
    tracemalloc.start()
    with pytest.raises(SourceError, match="larger than 1 MB"):
        client.get(f"{upstream.url}/a")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10 * MEGABYTE


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"plainly not packed", "the compressed answer is damaged"),
        (gzip.compress(b"here" * 99)[:-9], "the compressed answer ends too early"),
        (gzip.compress(b"here")[:-8] + b"12345678", "the compressed answer is damaged"),
        (b"", "the compressed answer ends too early"),
    ],
    ids=["not packed", "cut", "wrong checksum", "empty"],
)
def test_it_refuses_a_damaged_answer(client: Http, upstream: Upstream, body: bytes, reason: str) -> None:
    upstream.say("/a", body, Content_Encoding="gzip")
    with pytest.raises(SourceError, match=reason):
        client.get(f"{upstream.url}/a")


def test_it_tries_again_where_the_connection_broke(client: Http, upstream: Upstream) -> None:
    upstream.answers["/a"].append(Answer(b"he", length=4))
    upstream.say("/a", "here")
    # The handler keeps the connection open after too short an answer, until the server goes.
    assert Http(user_agent="test", limit=MEGABYTE, timeout=0.3, sleep=client.sleep).get(f"{upstream.url}/a") == b"here"


# --- Time ---------------------------------------------------------------------


class Dribble:
    """Run a server that sends `start` at once, and then a byte every hundredth of a second without end."""

    def __init__(self, start: bytes) -> None:
        self._start = start
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/a"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            connection, _ = self._listener.accept()
            connection.sendall(self._start)
            while not self._over.wait(0.01):
                connection.sendall(b"a")

    def close(self) -> None:
        self._over.set()
        self._listener.close()


def test_it_waits_for_nothing_behind_the_end_of_what_is_packed(client: Http) -> None:
    server = Dribble(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"here"))
    assert client.get(server.url) == b"here"
    server.close()


@pytest.fixture(
    params=[
        b"",
        b"HTTP/1.1 200 OK\r\nX-Never-Ends: ",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
    ],
    ids=["status", "header", "body", "announced body"],
)
def dribble(request: pytest.FixtureRequest) -> Iterator[Dribble]:
    server = Dribble(request.param)
    yield server
    server.close()


def test_it_breaks_off_at_the_deadline_however_slowly_bytes_come(dribble: Dribble) -> None:
    began = time.monotonic()
    client = Http(user_agent="test", limit=MEGABYTE, deadline=0.3)
    with pytest.raises(UnreachableError, match=r"/a: not finished after 0\.3 seconds$"):
        client.get(dribble.url)
    assert time.monotonic() - began < 2


def test_it_says_that_no_answer_came_in_time(naps: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        client = Http(user_agent="test", limit=MEGABYTE, timeout=0.05, sleep=naps.append)
        with pytest.raises(UnreachableError, match=r": no answer in time, after 3 tries$"):
            client.get(address)
    assert len(naps) == 2


def test_it_calls_a_broken_certificate_by_its_name(client: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise httpx.ConnectError("certificate verify failed")

    monkeypatch.setattr(httpx.Client, "stream", refuse)
    with pytest.raises(UnreachableError, match=r"can't be reached \(certificate verify failed\)"):
        client.get("https://127.0.0.1/")


def test_it_looks_again_where_the_connection_leads(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host name that resolves to a public address when checked, and to a private one when connected."""
    upstream.say("/x", "secret")
    public = [ipaddress.ip_address("93.184.216.34")]
    monkeypatch.setattr("digest.sources.http._addresses_of", lambda host: public)
    with pytest.raises(SourceError, match=r"leads to 127\.0\.0\.1, which is not a public address"):
        Http(user_agent="x", limit=1000, private_hosts=False).get(f"{upstream.url}/x")
    assert upstream.asked == []


@pytest.mark.parametrize(
    "address",
    ["192.0.0.192", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "fec0::1", "::127.0.0.1", "::ffff:10.0.0.1", "224.0.0.1"],
)
def test_it_refuses_addresses_that_only_look_public(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(http, "_addresses_of", lambda host: [ipaddress.ip_address(address)])
    with pytest.raises(SourceError, match="is not a public address"):
        Http(user_agent="x", limit=1000, private_hosts=False).get("http://feed.example.org/x")
