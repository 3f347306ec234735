"""The language of a page: the one in its address (/de/topics/), else the best that the browser accepts.

The prefix is removed before the URL is resolved, and added to every URL that is reversed meanwhile, so that visitors
keep the language that they chose.

Not Django's LocaleMiddleware with i18n_patterns: it would redirect each address without a prefix, and use a cookie.
"""

import locale
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponsePermanentRedirect
from django.urls import get_script_prefix, set_script_prefix
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

GetResponse = Callable[[HttpRequest], HttpResponseBase]
ALWAYS_ENGLISH = ("/admin/", "/api/")
TRANSLATED = ("text/html", "application/atom+xml")


@dataclass(frozen=True)
class LanguageChoice:
    """A language of the current page."""

    code: str
    name: str  # as its speakers call it
    address: str
    is_current: bool

    @property
    def locale(self) -> str:
        """Return the language with its territory, as Open Graph expects: de_DE."""
        return locale.normalize(self.code.replace("-", "_")).partition(".")[0]


def language(get_response: GetResponse) -> GetResponse:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        prefix = _prefix(request.path_info)
        if prefix and request.path_info == f"/{prefix}":
            return HttpResponsePermanentRedirect(f"{request.path}/")
        code = prefix or _accepted_language(request)
        with _script_prefix(request, prefix), translation.override(code):
            response = get_response(request)
        if not prefix and _is_translated(response):
            patch_vary_headers(response, ["Accept-Language"])
        response.headers.setdefault("Content-Language", code)
        return response

    return middleware


def _is_translated(response: HttpResponseBase) -> bool:
    """Return whether the response depends on the language. A 304 has no content type, but its view sets a language."""
    if response.status_code == HTTPStatus.NOT_MODIFIED:
        return "Content-Language" in response.headers
    return response.headers.get("Content-Type", "").startswith(TRANSLATED)


def choices(address: str) -> list[LanguageChoice]:
    """Return the languages of the page at `address`, a path without a language."""
    current = translation.get_language()
    return [LanguageChoice(code, name, f"/{code}{address}", code == current) for code, name in settings.LANGUAGES]


def _prefix(path: str) -> str:
    """Return the language that the path begins with, or "".

    The admin and the API have no prefix: a proxy may protect the admin by its path, and caches keep the API's answers
    for all clients.
    """
    first, _, rest = path[1:].partition("/")
    return first if first in dict(settings.LANGUAGES) and not f"/{rest}/".startswith(ALWAYS_ENGLISH) else ""


def _accepted_language(request: HttpRequest) -> str:
    """Return the best of our languages by the Accept-Language header."""
    if not request.path_info.startswith(ALWAYS_ENGLISH):
        for wanted, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
            try:
                return translation.get_supported_language_variant(wanted)
            except LookupError:
                continue
    return settings.LANGUAGE_CODE


@contextmanager
def _script_prefix(request: HttpRequest, prefix: str) -> Iterator[None]:
    """Resolve and reverse URLs below /`prefix`/."""
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
