"""The signed-in reader of a request, by the cookie of their device.

Strangers have no such cookie and get none. A reader gets one only by a button that says so. It is signed, so a forged
one costs no query; the token in it is looked up in the database, so a revoked one is worth nothing.
"""

from typing import TypeVar

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers

from subscriptions.models import Device, Subscriber
from subscriptions.security import devices

SALT = "subscriptions.device"
# The attributes of a request that hold its device, or None, and the token of a device that it signs in.
_DEVICE, _NEW_TOKEN = "_reader_device", "_new_device_token"

Response = TypeVar("Response", bound=HttpResponseBase)


def reader_of(request: HttpRequest) -> Subscriber | None:
    """Return the signed-in reader, or None. It takes one query at the first call, and none without a cookie."""
    device = device_of(request)
    return device.subscriber if device else None


def device_of(request: HttpRequest) -> Device | None:
    """Return the visitor's device if it is signed in."""
    if not hasattr(request, _DEVICE):
        token = _token_of(request)
        setattr(request, _DEVICE, devices.find(token) if token else None)
    device: Device | None = getattr(request, _DEVICE)
    return device


def sign_in(request: HttpRequest, reader: Subscriber) -> None:
    """Sign this device in with a new token, which replaces its former one. `finish` sets the cookie."""
    sign_out(request)
    device, token = devices.add(reader, request.headers.get("User-Agent", ""), now=timezone.now())
    setattr(request, _DEVICE, device)
    setattr(request, _NEW_TOKEN, token)


def sign_out(request: HttpRequest) -> None:
    """Sign this device out. `finish` deletes the cookie. Messages that were not shown yet are dropped."""
    list(messages.get_messages(request))
    if device := device_of(request):
        devices.revoke(device.subscriber, device.pk)
    setattr(request, _DEVICE, None)


def finish(request: HttpRequest, response: Response) -> Response:
    """Set, renew or delete the cookie, and keep caches from showing a reader's page to others.

    It does nothing for pages that have not asked who is signed in.
    """
    if not hasattr(request, _DEVICE):
        return response
    patch_vary_headers(response, ["Cookie"])
    device = device_of(request)
    if device is None and cookie_name() not in request.COOKIES:
        return response
    if "no-store" not in response.headers.get("Cache-Control", ""):
        patch_cache_control(response, private=True)
    token = getattr(request, _NEW_TOKEN, "")
    if device is None:
        response.delete_cookie(cookie_name(), path="/", samesite="Lax")
    elif token or devices.record_visit(device, now=timezone.now()):
        _set_cookie(response, token or _token_of(request))
    return response


def cookie_name() -> str:
    """Return the name of the cookie. Behind https, its prefix keeps other hosts of the domain from setting it."""
    return "__Host-reader" if is_https() else "reader"


def _token_of(request: HttpRequest) -> str:
    """Return the token in the cookie, or "" if there is none or its signature is not ours."""
    token = request.get_signed_cookie(cookie_name(), default="", salt=SALT, max_age=devices.LIFETIME)
    return token or ""


def _set_cookie(response: HttpResponseBase, token: str) -> None:
    response.set_signed_cookie(
        cookie_name(),
        token,
        salt=SALT,
        max_age=devices.LIFETIME,
        path="/",
        secure=is_https(),
        httponly=True,
        samesite="Lax",
    )


def is_https() -> bool:
    return settings.SITE_URL.startswith("https://")
