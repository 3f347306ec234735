"""Django's error pages, made without reading the request's body.

Django's context for these pages reads the body. If it can't be parsed, that raises a second error, and the server gets
an exception in place of a page.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views import defaults

from digest.api import problems
from digest.api.problems import ProblemError

logger = logging.getLogger(__name__)
API = "/api/"
Page = Callable[..., HttpResponse]


def without_unreadable_body(page: Page) -> Page:
    """Wrap the view of an error page, so that a form that was not parsed yet counts as empty.

    Parsing a form of 10 MB takes seconds, and an error page does not need it.
    """

    @wraps(page)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not hasattr(request, "_post"):  # nothing has parsed it
            request.POST = QueryDict()
        return page(request, *args, **kwargs)

    return wrapped


bad_request = without_unreadable_body(defaults.bad_request)
page_not_found = without_unreadable_body(defaults.page_not_found)


@without_unreadable_body
def server_error(request: HttpRequest) -> HttpResponse:
    """Show that something failed here: a program that called the API gets a problem document instead of a page.

    The description of the API is for people.
    """
    if request.path_info.startswith(API) and request.path != reverse("digest:api_docs"):
        return problems.response(ProblemError(500, "Something failed here, and was logged. Try again later."))
    return defaults.server_error(request)


@without_unreadable_body
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show that the visitor may not do this. Log one line: Django's own has a traceback, which says nothing more."""
    response = defaults.permission_denied(request, exception)
    logger.warning("Forbidden: %s", request.path)
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django looks for it before it logs
    return response
