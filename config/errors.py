"""Django's pages for errors, also for requests with a body that can't be read.

Django prepares these pages for forms, and reads the body to do so. Where it can't be parsed, that raises again while
the first error is answered, and the server gets an exception in place of a page.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.views import defaults

Page = Callable[..., HttpResponse]


def without_unreadable_body(page: Page) -> Page:
    """Wrap the view of a page for errors: a form that was not read yet is taken for an empty one.

    Parsing one of 10 MB takes seconds, for the sake of a page that says there is nothing here.
    """

    @wraps(page)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not hasattr(request, "_post"):  # no one has parsed it, and no page for errors has a use for it
            request.POST = QueryDict()
        return page(request, *args, **kwargs)

    return wrapped


bad_request = without_unreadable_body(defaults.bad_request)
permission_denied = without_unreadable_body(defaults.permission_denied)
page_not_found = without_unreadable_body(defaults.page_not_found)
server_error = without_unreadable_body(defaults.server_error)
