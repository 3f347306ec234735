"""Access to /metrics: by METRICS_TOKEN, or without one only from this machine and past every proxy."""

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest

PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")


def has_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = settings.METRICS_TOKEN.encode()
    return scheme.lower() == "bearer" and bool(expected) and hmac.compare_digest(token.strip().encode(), expected)


def is_from_here(request: HttpRequest) -> bool:
    """Return whether a program on this machine asks this process directly.

    A proxy on this machine connects from here, too, on behalf of anyone. It names another host or adds headers.
    """
    if any(name in request.headers for name in PROXY_HEADERS):
        return False
    host = request.get_host().rpartition(":")[0] or request.get_host()
    return _is_loopback(request.META.get("REMOTE_ADDR", "")) and (host == "localhost" or _is_loopback(host.strip("[]")))


def _is_loopback(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if parsed.version == 6 else None
    return (mapped or parsed).is_loopback
