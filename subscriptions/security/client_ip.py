"""The IP address and network of a visitor."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Return the visitor's IP address, or "" if it is unknown.

    Each trusted proxy appends its client's address to X-Forwarded-For. Entries further left come from the visitor and
    can be forged.
    """
    trusted = settings.TRUSTED_PROXIES
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    address = forwarded[-min(trusted, len(forwarded))] if trusted and forwarded else request.META.get("REMOTE_ADDR", "")
    parsed = _parse(address)
    return str(parsed) if parsed else ""


def visitors_network(request: HttpRequest) -> str:
    """Return the visitor's network, or "" if it is unknown."""
    return network_of(client_address(request))


def network_of(address: str) -> str:
    """Return the network that counts as one visitor: an IPv4 address, or the /64 of an IPv6 address."""
    return _network(address, 64)


def customer_network_of(network: str) -> str:
    """Return the /48 of an IPv6 network, the most that one customer usually has; an IPv4 address unchanged."""
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
