"""Which language a page speaks, without a cookie: the one in the address (/de/topics/), else one the browser asks for.

The prefix is taken off before addresses are resolved, and stands before every link that is made meanwhile: who has
chosen a language keeps it from page to page.
"""

import locale
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponsePermanentRedirect
from django.urls import get_script_prefix, set_script_prefix
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

GetResponse = Callable[[HttpRequest], HttpResponseBase]
ALWAYS_ENGLISH = ("/admin/", "/api/")
SPOKEN = ("text/html", "application/atom+xml")


@dataclass(frozen=True)
class LanguageChoice:
    """One language that the page at hand can be read in."""

    code: str
    name: str  # as its speakers call it
    address: str
    is_current: bool

    @property
    def locale(self) -> str:
        """With where it is at home, as Open Graph wants it: de_DE."""
        return locale.normalize(self.code.replace("-", "_")).partition(".")[0]


def language(get_response: GetResponse) -> GetResponse:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        prefix = _prefix(request.path_info)
        if prefix and request.path_info == f"/{prefix}":
            return HttpResponsePermanentRedirect(f"{request.path}/")
        code = prefix or _asked_for(request)
        with _below(request, prefix), translation.override(code):
            response = get_response(request)
        response.headers.setdefault("Content-Language", code)
        if not prefix and response.headers.get("Content-Type", "").startswith(SPOKEN):
            patch_vary_headers(response, ["Accept-Language"])
        return response

    return middleware


def choices(address: str) -> list[LanguageChoice]:
    """The languages in which the page at `address`, a path without a language, can be read."""
    current = translation.get_language()
    return [LanguageChoice(code, name, f"/{code}{address}", code == current) for code, name in settings.LANGUAGES]


def _prefix(path: str) -> str:
    """The language that the path begins with; empty without one. The admin has one address, which a proxy may guard,
    and so has the API, whose answers caches keep for everybody."""
    first, _, rest = path[1:].partition("/")
    return first if first in dict(settings.LANGUAGES) and not f"/{rest}/".startswith(ALWAYS_ENGLISH) else ""


def _asked_for(request: HttpRequest) -> str:
    """Of our languages, the one the browser likes best."""
    if not request.path_info.startswith(ALWAYS_ENGLISH):
        for wanted, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
            try:
                return translation.get_supported_language_variant(wanted)
            except LookupError:
                continue
    return settings.LANGUAGE_CODE


@contextmanager
def _below(request: HttpRequest, prefix: str) -> Iterator[None]:
    """Resolve and make addresses below /`prefix`/."""
    request.language_prefix = prefix  # type: ignore[attr-defined]
    if not prefix:
        yield
        return
    root = get_script_prefix()
    request.path_info = request.path_info.removeprefix(f"/{prefix}")
    set_script_prefix(f"{root}{prefix}/")
    try:
        yield
    finally:
        set_script_prefix(root)
