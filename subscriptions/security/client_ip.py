"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The visitor's IP address, "" where nobody knows it.

    Each trusted proxy adds to X-Forwarded-For the address that it was called from: what stands further to the left is
    what the visitor says, and may be a lie.
    """
    trusted = settings.TRUSTED_PROXIES
    told = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    address = told[-min(trusted, len(told))] if trusted and told else request.META.get("REMOTE_ADDR", "")
    parsed = _parse(address)
    return str(parsed) if parsed else ""


def visitors_network(request: HttpRequest) -> str:
    """`network_of` the visitor; "" where nobody knows it."""
    return network_of(client_address(request))


def network_of(address: str) -> str:
    """Return what counts as one visitor: an IPv4 address, or the /64 that an IPv6 customer has for herself."""
    return _network(address, 64)


def site_of(network: str) -> str:
    """Return the /48 of an IPv6 network, which is what one customer can have at most; an IPv4 address as it is."""
    return _network(network.partition("/")[0], 48)


def _network(address: str, prefix: int) -> str:
    parsed = _parse(address)
    if parsed is None:
        return ""
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((parsed, prefix), strict=False))


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    address = address.strip()
    if address.startswith("["):
        address = address[1:].partition("]")[0]  # [2001:db8::1]:443
    elif address.count(":") == 1:
        address = address.partition(":")[0]  # 192.0.2.1:443
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if parsed.version == 6 else None
    return mapped or parsed
