"""The signed-in reader of a request, by the cookie of their device.

Strangers have no such cookie and get none. A reader gets one only by a button that says so. It is signed, so a forged
one costs no query; the token in it is looked up in the database, so a revoked one is worth nothing.
"""

from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers

from subscriptions.models import Device, Subscriber
from subscriptions.security import devices

SALT = "subscriptions.device"
_CACHED = "_reader_device"

Response = TypeVar("Response", bound=HttpResponseBase)


def reader_of(request: HttpRequest) -> Subscriber | None:
    """Return the signed-in reader, or None. It takes one query at the first call, and none without a cookie."""
    device = device_of(request)
    return device.subscriber if device else None


def device_of(request: HttpRequest) -> Device | None:
    """Return the visitor's device if it is signed in."""
    if not hasattr(request, _CACHED):
        token = _token_of(request)
        setattr(request, _CACHED, devices.find(token) if token else None)
    device: Device | None = getattr(request, _CACHED)
    return device


def sign_in(request: HttpRequest, response: Response, reader: Subscriber) -> Response:
    """Sign this device in by a new token, in place of the device that it was."""
    if former := device_of(request):
        devices.revoke(former.subscriber, former.pk)
    token = devices.add(reader, request.headers.get("User-Agent", ""), now=timezone.now())
    _set_cookie(response, token)
    return response


def sign_out(request: HttpRequest, response: Response) -> Response:
    """Sign this device out."""
    if device := device_of(request):
        devices.revoke(device.subscriber, device.pk)
    _delete_cookie(response)
    return response


def finish(request: HttpRequest, response: Response) -> Response:
    """Keep caches from showing a reader's page to others, and renew or remove the cookie.

    It does nothing for pages that have not asked who is signed in.
    """
    if not hasattr(request, _CACHED):
        return response
    patch_vary_headers(response, ["Cookie"])
    name = cookie_name()
    if name not in request.COOKIES:
        return response
    if "no-store" not in response.headers.get("Cache-Control", ""):
        patch_cache_control(response, private=True)
    if name in response.cookies:  # this request has signed in or out
        return response
    device = device_of(request)
    if device is None:
        _delete_cookie(response)
    elif devices.record_visit(device, now=timezone.now()):
        _set_cookie(response, _token_of(request))
    return response


def cookie_name() -> str:
    """Return the name of the cookie. Behind https, its prefix keeps other hosts of the domain from setting it."""
    return "__Host-reader" if _is_https() else "reader"


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
        secure=_is_https(),
        httponly=True,
        samesite="Lax",
    )


def _delete_cookie(response: HttpResponseBase) -> None:
    response.delete_cookie(cookie_name(), path="/", samesite="Lax")


def _is_https() -> bool:
    return settings.SITE_URL.startswith("https://")
