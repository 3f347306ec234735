"""The cache of rendered public pages, and conditional requests for them.

Each request queries the database, so a page is never out of date. Only the rendering is cached, under a hash of all the
data that goes into it. Nothing in the cache belongs to one reader: the pages of signed-in readers don't use it.

Not Django's LocMemCache: it limits the number of entries but not their bytes, and pickles each page at every hit.
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
from subscriptions.security import reader_session

MAX_BYTES = 32 * 1024 * 1024  # of rendered pages, in each process
MAX_GAP = 60  # seconds between two requests; in a longer time, a page may have changed and changed back
HTML = "text/html; charset=utf-8"
_ACCEPTS_GZIP = re.compile(r"\bgzip\b")


@dataclass(frozen=True)
class RenderedPage:
    """A page that is ready to be sent."""

    body: bytes
    compressed: bytes
    etag: str


class PageCache:
    """The pages used last by the hash of their data, and the time since when each address has shown the same page.

    It is not a `BoundedCache`, because its limit is in bytes and several threads use it.
    """

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
        """Return the Unix time since when `address` is known to have shown this page without interruption."""
        with self._lock:
            known, since, requested_at = self._since.pop(address, ("", now, now))
            if known != etag or not 0 <= now - requested_at <= MAX_GAP:
                since = now
            self._since[address] = (etag, since, now)
            while len(self._since) > 1_000:
                self._since.popitem(last=False)
        return int(since)


cache = PageCache(MAX_BYTES)


def show(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    query: Mapping[str, object] | None = None,
    content_type: str = HTML,
    is_private: bool = False,
) -> HttpResponseBase:
    """Return the page, or 304 Not Modified.

    `context` must be data that can be pickled. `query` holds the parameters of the query string that matter.
    A private page is for those who know its address: shared caches must not keep it, and it is not compressed.
    """
    address = escape_uri_path(request.path_info) + (f"?{urlencode(query)}" if query else "")
    context |= {"address": address}
    if content_type == HTML and reader_session.reader_of(request):  # never cached; the middleware makes it private
        return HttpResponse(render_to_string(template, context, request), headers={"Cache-Control": "no-cache"})
    where = f"{translation.get_language()} {getattr(request, 'language_prefix', '')} {address}"
    key = hashlib.sha256(pickle.dumps((where, template, astuple(brand.current()), context))).digest()
    page = cache.find(key) or cache.keep(key, _render(request, template, context))
    since = cache.since(where, page.etag, time.time())
    response = _answer(request, page, content_type, may_compress=not is_private)
    answer = get_conditional_response(request, etag=page.etag, last_modified=since, response=response)
    return _finish(answer or response, page, since, "private" if is_private else "public")


@dataclass(frozen=True)
class Pagination:
    """The position of one page in a long list."""

    number: int
    first: int
    last: int
    total: int
    previous: int | None
    next: int | None


def paginate(rows: QuerySet[Any], number: str | None, size: int) -> tuple[list[Any], Pagination]:
    """Return the page `number` of `rows`, or the first or last page if there is no such number.

    A list that fits on one page takes one query, and a longer one two.
    """
    if number in (None, "1"):
        found = list(rows[: size + 1])
        total = len(found) if len(found) <= size else rows.count()
        return found[:size], Pagination(1, min(1, total), min(size, total), total, None, 2 if total > size else None)
    page = Paginator(rows, size).get_page(number)
    previous = page.previous_page_number() if page.has_previous() else None
    next_ = page.next_page_number() if page.has_next() else None
    pages = Pagination(page.number, page.start_index(), page.end_index(), page.paginator.count, previous, next_)
    return list(page), pages


def _render(request: HttpRequest, template: str, context: dict[str, Any]) -> RenderedPage:
    body = render_to_string(template, context, request).encode()
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'  # weak: the same for the compressed page
    return RenderedPage(body, compress(body, 6, mtime=0), etag)


def _answer(request: HttpRequest, page: RenderedPage, content_type: str, *, may_compress: bool) -> HttpResponse:
    if not may_compress or not _ACCEPTS_GZIP.search(request.headers.get("Accept-Encoding", "")):
        return HttpResponse(page.body, content_type=content_type)
    response = HttpResponse(page.compressed, content_type=content_type)
    response.headers["Content-Encoding"] = "gzip"
    return response


def _finish(response: HttpResponseBase, page: RenderedPage, since: int, visibility: str) -> HttpResponseBase:
    response.headers["ETag"] = page.etag
    response.headers["Content-Language"] = str(translation.get_language())
    response.headers["Last-Modified"] = http_date(since)
    # Caches may keep the page but must revalidate it, so that a new note or a hidden paper shows at once.
    response.headers["Cache-Control"] = f"{visibility}, no-cache"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _size(page: RenderedPage) -> int:
    return len(page.body) + len(page.compressed)
