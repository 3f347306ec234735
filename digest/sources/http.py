"""One way to the network for all sources: bounded in time, size and redirects, and patient with hiccups."""

import datetime as dt
import email.utils
import ipaddress
import logging
import random
import socket
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from digest.sources import deadlines
from digest.sources.conditional_get import ConditionalRequests
from digest.sources.deadlines import Deadline
from digest.sources.records import SourceError, StoppedError, UnchangedError, UnreachableError
from digest.text.cleanup import from_html

logger = logging.getLogger(__name__)

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
HttpxTrace = Callable[[str, dict[str, Any]], None]  # httpx's extension: told of each step of a request

# What Python takes for global, and what leads, or may lead, to a private place all the same: metadata services,
# and IPv4 addresses wrapped into IPv6 ones.
NOT_PUBLIC = [
    ipaddress.ip_network(network)
    for network in ("192.0.0.0/24", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fec0::/10")
]

TRIES = 3
MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)


class _TransientError(Exception):
    """A fault that may pass. `wait` is what the server asked for, in seconds."""

    def __init__(self, what: str, wait: float = 0) -> None:
        super().__init__(what)
        self.wait = wait


class StatusError(SourceError):
    """The server answered with a status that is no success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Http:
    """Fetches addresses. All times are in seconds; `limit` is the size of the unpacked answer in bytes."""

    user_agent: str
    limit: int
    timeout: float = 10
    deadline: float = 25
    private_hosts: bool = True  # may the address name this machine or network? Elsewhere there it can't redirect
    sleep: Callable[[float], object] = deadlines.stopping.wait
    before: Callable[[], None] = lambda: None  # called before each request: where to wait for one's turn
    validators: ConditionalRequests = field(default_factory=ConditionalRequests)

    def get(self, url: str, params: dict[str, str | int] | None = None) -> bytes:
        """The body behind `url`. Raises SourceError with a reason that names the address, or UnchangedError."""
        try:
            address = str(httpx.URL(url, params=params) if params else httpx.URL(url))
        except httpx.InvalidURL as error:
            raise SourceError(f"{url}: {error}") from error
        self.before()
        if deadlines.stopping.is_set():
            raise StoppedError(address)
        give_up_at = time.monotonic() + self.deadline
        for attempt in range(1, TRIES + 1):
            if attempt > 1:
                self.before()
            try:
                return self._get_once(address, give_up_at)
            except _TransientError as fault:
                if deadlines.stopping.is_set():
                    raise StoppedError(address) from fault
                if time.monotonic() >= give_up_at:
                    raise UnreachableError(f"{address}: not finished after {self.deadline:g} seconds") from fault
                wait = fault.wait or random.uniform(0.5, 1) * 2 ** (attempt - 1)  # noqa: S311  # jitter, no secret
                if attempt == TRIES or time.monotonic() + wait > give_up_at:
                    raise UnreachableError(f"{address}: {fault}, after {_times(attempt)}") from fault
                logger.debug("%s: %s; next try in %.1f s", address, fault, wait)
                self.sleep(wait)
        raise AssertionError("unreachable")

    def _get_once(self, address: str, give_up_at: float) -> bytes:
        # Only encodings that are unpacked below, under the size limit.
        headers = {"User-Agent": self.user_agent, "Accept-Encoding": "gzip"} | self.validators.ask(address)
        try:
            with (
                # The environment may name a proxy, behind which nobody sees where a feed's address leads.
                httpx.Client(timeout=self.timeout, headers=headers, trust_env=self.private_hosts) as client,
                Deadline(give_up_at - time.monotonic()) as limit,
            ):
                return self._follow(client, limit, address)
        except (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError) as error:
            raise _TransientError(_in_words(error)) from error
        except httpx.HTTPError as error:
            raise SourceError(f"{address}: {_in_words(error)}") from error
        except (httpx.InvalidURL, UnicodeError, OverflowError) as error:  # a name too long, a port too large
            raise SourceError(f"{address}: no usable address ({error})") from error

    def _follow(self, client: httpx.Client, limit: Deadline, address: str) -> bytes:
        trusted = httpx.URL(address).host if self.private_hosts else ""
        asked = address
        for _ in range(MAX_REDIRECTS + 1):
            _check_host(address, trusted)
            trace = limit.trace if httpx.URL(address).host == trusted else _only_public(limit.trace, address)
            with client.stream("GET", address, extensions={"trace": trace}) as response:
                if response.status_code in REDIRECTS and "location" in response.headers:
                    address = str(response.url.join(response.headers["location"]))
                    continue
                _check_status(response, address)
                body = self._read(response, address)
                if limit.is_blown:  # where no length was announced, a broken connection looks like the end
                    raise _TransientError("the connection broke")
                self.validators.hear(asked, response.headers)
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
                raise SourceError(f"{address}: the packed answer is damaged ({error})") from error
            if len(body) > self.limit:
                raise SourceError(f"{address}: larger than {self.limit // 1_000_000} MB")
            if unpacker and unpacker.eof:
                break  # whatever follows is none of the answer, and may never end
        if unpacker and not unpacker.eof:
            raise SourceError(f"{address}: the packed answer ends too early")
        return bytes(body)


def _check_host(address: str, trusted: str) -> None:
    url = httpx.URL(address)
    if url.scheme not in ("http", "https") or not url.host:
        raise SourceError(f"{address}: not an http or https address")
    if url.host == trusted:
        return
    for found in _addresses_of(url.host):
        _check_public(found, address)


def _check_public(found: IPAddress, address: str) -> None:
    found = getattr(found, "ipv4_mapped", None) or found
    if not found.is_global or found.is_multicast or any(found in network for network in NOT_PUBLIC):
        raise SourceError(f"{address}: leads to {found}, which is not a public address")


def problem_with_host(address: str) -> str:
    """Why `address` leads to this machine or network, as far as that is seen without asking anybody; else empty."""
    try:
        host = httpx.URL(address).host
        _check_public(ipaddress.ip_address("127.0.0.1" if host == "localhost" else host), address)
    except SourceError as error:
        return str(error)
    except (ValueError, httpx.InvalidURL):  # a name, mostly: where it leads is looked up when it is asked
        return ""
    return ""


def _only_public(trace: HttpxTrace, address: str) -> HttpxTrace:
    """`trace`, and a second look at where the connection really leads, before anything is sent on it.

    A name may mean another address to us now than it meant a moment ago, when it was checked.
    """

    def checking(event: str, details: dict[str, Any]) -> None:
        trace(event, details)
        if event.endswith("connect_tcp.complete"):
            peer = details["return_value"].get_extra_info("server_addr")[0]
            _check_public(ipaddress.ip_address(peer), address)

    return checking


def _unpacker(response: httpx.Response) -> "zlib._Decompress | None":
    packed = response.headers.get("content-encoding", "").lower() in ("gzip", "x-gzip", "deflate")
    return zlib.decompressobj(wbits=47) if packed else None  # 47: gzip or zlib, as its header says


def _addresses_of(host: str) -> list[IPAddress]:
    try:
        return [ipaddress.ip_address(info[4][0]) for info in socket.getaddrinfo(host, None)]
    except (socket.gaierror, UnicodeError) as error:
        raise _TransientError(f"the host {host} can't be found") from error


def _check_status(response: httpx.Response, address: str) -> None:
    status = response.status_code
    if status == 304:
        raise UnchangedError
    if status == 429 or status >= 500:
        raise _TransientError(f"answered {status} {response.reason_phrase}", _retry_after(response))
    if status != 200:
        raise StatusError(status, f"{address}: answered {status} {response.reason_phrase}: {_beginning(response)}")


def _beginning(response: httpx.Response) -> str:
    """How the answer begins: there an error mostly says what it is."""
    unpacker, start = _unpacker(response), next(response.iter_raw(), b"")
    try:
        start = unpacker.decompress(start, 2000) if unpacker else start[:2000]
    except zlib.error:
        return ""
    return from_html(start.decode("utf-8", "replace"))[:120]


def _retry_after(response: httpx.Response) -> float:
    """What the server asks us to wait, in seconds; 0 if it doesn't say."""
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
