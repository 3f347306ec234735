"""The logged-in member of staff: anonymous if the session has ended or lacks its second factor."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from digest.ops.staff import sessions

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def staff_sessions(get_response: GetResponse) -> GetResponse:
    """Replace `request.user`, which Django found. Nothing is read before it is used."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        found = request.user

        def user() -> object:
            return sessions.user_of(request, found if isinstance(found, User) else None)

        request.user = SimpleLazyObject(user)  # type: ignore[assignment]  # as in Django's own middleware
        return get_response(request)

    return middleware
