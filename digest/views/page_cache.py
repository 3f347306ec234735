"""How a public page is answered: rendered once for what it shows, and not sent again to whom has it.

The database is asked at every request, so that a page is never older than what it tells of. Only the rendering is
kept, by all that goes into it. Nothing here belongs to one reader.
"""

import hashlib
import pickle
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from gzip import compress
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.encoding import escape_uri_path
from django.utils.http import http_date

from subscriptions import brand

MOST_KEPT = 32 * 1024 * 1024  # bytes of rendered pages, in each process
LOOK_AGAIN = 60  # seconds; a page not looked at for longer may have changed and changed back
# What is shown of a paper in a list.
CARD = (
    "key", "title", "summary", "abstract", "authors", "organization", "url", "github_url", "github_stars",
    "project_url", "votes", "is_pinned", "edition",
)  # fmt: skip
HTML = "text/html; charset=utf-8"
_ACCEPTS_GZIP = re.compile(r"\bgzip\b")


@dataclass(frozen=True)
class RenderedPage:
    """A page, ready to be sent."""

    body: bytes
    packed: bytes
    etag: str


class PageCache:
    """The pages rendered last, by what went into them, and since when each address has shown the same."""

    def __init__(self, most_bytes: int) -> None:
        self._pages: OrderedDict[bytes, RenderedPage] = OrderedDict()
        self._since: OrderedDict[str, tuple[str, float, float]] = OrderedDict()
        self._bytes_left = most_bytes
        self._lock = threading.Lock()

    def find(self, key: bytes) -> RenderedPage | None:
        with self._lock:
            if key in self._pages:
                self._pages.move_to_end(key)
            return self._pages.get(key)

    def keep(self, key: bytes, page: RenderedPage) -> RenderedPage:
        with self._lock:
            if key not in self._pages:
                self._pages[key] = page
                self._bytes_left -= _size(page)
            while self._bytes_left < 0:
                self._bytes_left += _size(self._pages.popitem(last=False)[1])
        return page

    def since(self, address: str, etag: str, now: float) -> int:
        """Since when, in Unix seconds, `address` is known to have shown this without a break."""
        with self._lock:
            known, since, looked_at = self._since.pop(address, ("", now, now))
            if known != etag or not 0 <= now - looked_at <= LOOK_AGAIN:
                since = now
            self._since[address] = (etag, since, now)
            while len(self._since) > 1_000:
                self._since.popitem(last=False)
        return int(since)


kept = PageCache(MOST_KEPT)


def show(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    query: Mapping[str, object] | None = None,
    content_type: str = HTML,
    is_private: bool = False,
) -> HttpResponseBase:
    """The page, or “not modified”. `context` is data that can be pickled; `query` what of the query string counts.

    One that is private belongs to whoever knows its address: nobody else keeps it, and it goes unpacked.
    """
    address = escape_uri_path(request.path_info) + (f"?{urlencode(query)}" if query else "")
    context |= {"address": address}
    where = f"{translation.get_language()} {getattr(request, 'language_prefix', '')} {address}"
    key = hashlib.sha256(pickle.dumps((where, template, astuple(brand.current()), context))).digest()
    page = kept.find(key) or kept.keep(key, _render(request, template, context))
    since = kept.since(where, page.etag, time.time())
    response = _answer(request, page, content_type, may_pack=not is_private)
    answer = get_conditional_response(request, etag=page.etag, last_modified=since, response=response)
    return _finish(answer or response, page, since, "private" if is_private else "public")


@dataclass(frozen=True)
class Pagination:
    """Where in a long list one page of it stands."""

    number: int
    first: int
    last: int
    total: int
    previous: int | None
    next: int | None


def paginate(rows: QuerySet[Any], number: str | None, size: int) -> tuple[list[Any], Pagination]:
    """The page `number` of `rows`; the first or last where there is no such page."""
    page = Paginator(rows, size).get_page(number)
    previous = page.previous_page_number() if page.has_previous() else None
    following = page.next_page_number() if page.has_next() else None
    pages = Pagination(page.number, page.start_index(), page.end_index(), page.paginator.count, previous, following)
    return list(page), pages


def _render(request: HttpRequest, template: str, context: dict[str, Any]) -> RenderedPage:
    body = render_to_string(template, context, request).encode()
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'  # weak: packed or not, it is the same page
    return RenderedPage(body, compress(body, 6, mtime=0), etag)


def _answer(request: HttpRequest, page: RenderedPage, content_type: str, *, may_pack: bool) -> HttpResponse:
    if not may_pack or not _ACCEPTS_GZIP.search(request.headers.get("Accept-Encoding", "")):
        return HttpResponse(page.body, content_type=content_type)
    response = HttpResponse(page.packed, content_type=content_type)
    response.headers["Content-Encoding"] = "gzip"
    return response


def _finish(response: HttpResponseBase, page: RenderedPage, since: int, keeper: str) -> HttpResponseBase:
    response.headers["ETag"] = page.etag
    response.headers["Content-Language"] = str(translation.get_language())
    response.headers["Last-Modified"] = http_date(since)
    # May be kept, and is asked for before each use: a note or a hidden paper shows at once.
    response.headers["Cache-Control"] = f"{keeper}, no-cache"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _size(page: RenderedPage) -> int:
    return len(page.body) + len(page.packed)
