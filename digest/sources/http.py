"""HTTP for sources: one request, with limits on time, size and redirects, and retries after transient errors.

`digest.ingest.source_client` makes a client from the site's settings.
"""

import datetime as dt
import email.utils
import ipaddress
import logging
import random
import socket
import threading
import time
import weakref
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx
from django.conf import settings

from digest.sources.records import SourceError, StoppedError, UnchangedError, UnreachableError
from digest.text.cleanup import from_html

logger = logging.getLogger(__name__)

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
HttpxTrace = Callable[[str, dict[str, Any]], None]  # httpx's extension, called at each step of a request

# Networks that Python calls global though they may lead to a private address: metadata services, and IPv4 addresses
# inside IPv6 ones.
NOT_PUBLIC = [
    ipaddress.ip_network(network)
    for network in ("192.0.0.0/24", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fec0::/10")
]

TRIES = 3
MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)

stopping = threading.Event()  # set when the process must end
_running: "weakref.WeakSet[Deadline]" = weakref.WeakSet()


class TransientError(Exception):
    """A transient error. `wait` is the delay that the server asked for, in seconds."""

    def __init__(self, message: str, wait: float = 0) -> None:
        super().__init__(message)
        self.wait = wait


class StatusError(SourceError):
    """The server answered with an error status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def abort_all() -> None:
    """Break every open connection that has a deadline and prevent new ones, so that the process can end."""
    stopping.set()
    for deadline in list(_running):
        deadline.expire()


class Deadline:
    """A context manager that breaks its connections after `seconds`. Pass `trace` to httpx as the trace extension.

    httpx itself only limits the time between two bytes.
    """

    def __init__(self, seconds: float) -> None:
        self.is_expired = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(max(0, seconds), self.expire)
        self._timer.daemon = True

    def trace(self, event: str, details: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._sockets.append(details["return_value"].get_extra_info("socket"))
            if self.is_expired or stopping.is_set():
                self.expire()

    def expire(self) -> None:
        self.is_expired = True
        for connection in self._sockets:
            with suppress(OSError):  # already closed
                # The plain socket's shutdown, because the TLS one waits for the other side.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._timer.start()
        _running.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        _running.discard(self)


class ResponseValidator(NamedTuple):
    """The headers that identify one version of an answer. Either may be empty."""

    etag: str = ""
    last_modified: str = ""


@dataclass
class ConditionalRequests:
    """The validators by address: those known from earlier runs, and those received in this one."""

    known: Mapping[str, ResponseValidator] = field(default_factory=dict)
    received: dict[str, ResponseValidator] = field(default_factory=dict)

    def headers(self, address: str) -> dict[str, str]:
        """Return the headers that make a request to `address` conditional."""
        validator = self.known.get(address, ResponseValidator())
        headers = {"If-None-Match": validator.etag, "If-Modified-Since": validator.last_modified}
        return {name: value for name, value in headers.items() if value}

    def receive(self, address: str, headers: Mapping[str, str]) -> None:
        """Keep the validators of an answer for the next run."""
        validator = ResponseValidator(headers.get("etag", "")[:500], headers.get("last-modified", "")[:100])
        if any(validator):
            self.received[address] = validator


def user_agent() -> str:
    """Return the User-Agent of all requests to sources. It says how to reach the operator."""
    return f"DailyPapers/1.0 (+{settings.CONTACT_EMAIL or settings.SITE_URL})"


@dataclass(frozen=True)
class Http:
    """An HTTP client. All times are in seconds; `limit` is the maximum size of the decompressed answer in bytes."""

    user_agent: str
    limit: int
    timeout: float = 10
    deadline: float = 25
    # True if the address may be one of this machine or network. A redirect may lead to that host only.
    private_hosts: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    tries: int = TRIES
    may_leave_host: bool = True  # False if redirects may lead only to the host that was asked
    sleep: Callable[[float], object] = stopping.wait
    before: Callable[[], None] = lambda: None  # called before each request, to wait for a turn
    validators: ConditionalRequests = field(default_factory=ConditionalRequests)

    def get(self, url: str, params: dict[str, str | int] | None = None) -> bytes:
        """Return the body of `url`. Raise SourceError with a reason that names the address, or UnchangedError."""
        try:
            address = str(httpx.URL(url, params=params) if params else httpx.URL(url))
        except httpx.InvalidURL as error:
            raise SourceError(f"{url}: {error}") from error
        self.before()
        if stopping.is_set():
            raise StoppedError(address)
        give_up_at = time.monotonic() + self.deadline
        for attempt in range(1, self.tries + 1):
            if attempt > 1:
                self.before()
            try:
                return self._get_once(address, give_up_at)
            except TransientError as error:
                if stopping.is_set():
                    raise StoppedError(address) from error
                if time.monotonic() >= give_up_at:
                    raise UnreachableError(f"{address}: not finished after {self.deadline:g} seconds") from error
                wait = error.wait or random.uniform(0.5, 1) * 2 ** (attempt - 1)  # noqa: S311  # jitter, no secret
                if attempt == self.tries or time.monotonic() + wait > give_up_at:
                    raise UnreachableError(f"{address}: {error}, after {_times(attempt)}") from error
                logger.debug("%s: %s; next try in %.1f s", address, error, wait)
                self.sleep(wait)
        raise AssertionError("unreachable")

    def _get_once(self, address: str, give_up_at: float) -> bytes:
        # Only encodings that are decompressed below, under the size limit.
        headers = {"User-Agent": self.user_agent, "Accept-Encoding": "gzip", **self.headers}
        headers |= self.validators.headers(address)
        try:
            with (
                # The environment may name a proxy. A proxy would hide which host a feed's address leads to.
                httpx.Client(timeout=self.timeout, headers=headers, trust_env=self.private_hosts) as client,
                Deadline(give_up_at - time.monotonic()) as limit,
            ):
                return self._follow(client, limit, address)
        except (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError) as error:
            raise TransientError(_in_words(error)) from error
        except httpx.HTTPError as error:
            raise SourceError(f"{address}: {_in_words(error)}") from error
        except (httpx.InvalidURL, UnicodeError, OverflowError) as error:  # a name too long, a port too large
            raise SourceError(f"{address}: not a usable address ({error})") from error

    def _follow(self, client: httpx.Client, limit: Deadline, address: str) -> bytes:
        trusted = httpx.URL(address).host if self.private_hosts else ""
        requested = address
        for _ in range(MAX_REDIRECTS + 1):
            if not self.may_leave_host and httpx.URL(address).host != httpx.URL(requested).host:
                raise SourceError(f"{requested}: a redirect leads to another host, {address}")
            check_host(address, trusted)
            trace = limit.trace if httpx.URL(address).host == trusted else only_public(limit.trace, address)
            with client.stream("GET", address, extensions={"trace": trace}) as response:
                if response.status_code in REDIRECTS and "location" in response.headers:
                    address = str(response.url.join(response.headers["location"]))
                    continue
                _check_status(response, address)
                body = self._read(response, address)
                if limit.is_expired:  # without a Content-Length, a broken connection looks like the end of the body
                    raise TransientError("the connection broke")
                self.validators.receive(requested, response.headers)
                return body
        raise SourceError(f"{address}: more than {MAX_REDIRECTS} redirects")

    def _read(self, response: httpx.Response, address: str) -> bytes:
        unpacker = _unpacker(response)
        body = bytearray()
        for chunk in response.iter_raw():
            room = self.limit + 1 - len(body)
            try:
                body += unpacker.decompress(chunk, room) if unpacker else chunk
            except zlib.error as error:
                raise SourceError(f"{address}: the compressed answer is damaged ({error})") from error
            if len(body) > self.limit:
                raise SourceError(f"{address}: larger than {self.limit // 1_000_000} MB")
            if unpacker and unpacker.eof:
                break  # bytes after the end are not part of the answer, and may never stop
        if unpacker and not unpacker.eof:
            raise SourceError(f"{address}: the compressed answer ends too early")
        return bytes(body)


def check_host(address: str, trusted: str) -> None:
    """Raise SourceError unless `address` leads to the host `trusted`, or to public addresses only."""
    url = httpx.URL(address)
    if url.scheme not in ("http", "https") or not url.host:
        raise SourceError(f"{address}: not an http or https address")
    if url.host == trusted:
        return
    for ip in _addresses_of(url.host):
        _check_public(ip, address)


def _check_public(ip: IPAddress, address: str) -> None:
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if not ip.is_global or ip.is_multicast or any(ip in network for network in NOT_PUBLIC):
        raise SourceError(f"{address}: leads to {ip}, which is not a public address")


def problem_with_host(address: str) -> str:
    """Return why `address` leads to this machine or its network, or "" if that is not visible without DNS."""
    try:
        host = httpx.URL(address).host
        _check_public(ipaddress.ip_address("127.0.0.1" if host == "localhost" else host), address)
    except SourceError as error:
        return str(error)
    except (ValueError, httpx.InvalidURL):  # usually a host name, which is resolved and checked when it is fetched
        return ""
    return ""


def only_public(trace: HttpxTrace, address: str) -> HttpxTrace:
    """Return a trace that calls `trace`, and checks the connection's real address before anything is sent.

    The host name may resolve to another address now than when it was checked (DNS rebinding).
    """

    def check_peer(event: str, details: dict[str, Any]) -> None:
        trace(event, details)
        if event.endswith("connect_tcp.complete"):
            peer = details["return_value"].get_extra_info("server_addr")[0]
            _check_public(ipaddress.ip_address(peer), address)

    return check_peer


def _unpacker(response: httpx.Response) -> "zlib._Decompress | None":
    is_compressed = response.headers.get("content-encoding", "").lower() in ("gzip", "x-gzip", "deflate")
    return zlib.decompressobj(wbits=47) if is_compressed else None  # 47: detects gzip or zlib by the header


def _addresses_of(host: str) -> list[IPAddress]:
    try:
        return [ipaddress.ip_address(info[4][0]) for info in socket.getaddrinfo(host, None)]
    except (socket.gaierror, UnicodeError) as error:
        raise TransientError(f"the host {host} can't be found") from error  # DNS errors are often transient


def _check_status(response: httpx.Response, address: str) -> None:
    status = response.status_code
    if status == 304:
        raise UnchangedError
    if status == 429 or status >= 500:
        raise TransientError(f"answered {status} {response.reason_phrase}", _retry_after(response))
    if status != 200:
        raise StatusError(status, f"{address}: answered {status} {response.reason_phrase}: {_beginning(response)}")


def _beginning(response: httpx.Response) -> str:
    """Return how the answer begins; an error page mostly says there what is wrong."""
    unpacker, start = _unpacker(response), next(response.iter_raw(), b"")
    try:
        start = unpacker.decompress(start, 2000) if unpacker else start[:2000]
    except zlib.error:
        return ""
    return from_html(start.decode("utf-8", "replace"))[:120]


def _retry_after(response: httpx.Response) -> float:
    """Return the delay that the server asks for, in seconds; 0 if it asks for none."""
    value = response.headers.get("retry-after", "")
    if value.isdecimal():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
        moment = moment.replace(tzinfo=moment.tzinfo or dt.UTC)
        return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())
    except (ValueError, OverflowError):
        return 0


def _times(count: int) -> str:
    return "one try" if count == 1 else f"{count} tries"


def _in_words(error: httpx.HTTPError) -> str:
    match error:
        case httpx.ConnectTimeout() | httpx.ConnectError():
            return f"can't be reached ({error})"
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.RemoteProtocolError() | httpx.NetworkError():
            return f"the connection broke ({error})"
    return str(error) or type(error).__name__
