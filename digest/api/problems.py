"""Errors as problem documents (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import JsonResponse

MEDIA_TYPE = "application/problem+json"
NOT_STORED = "private, no-store"  # private: its length must not reveal a secret by compression


class ProblemError(Exception):
    """An error that the API answers with. `errors` are about fields: a JSON pointer or a parameter, and a text."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, errors, dict(headers or {})


def response(problem: ProblemError) -> JsonResponse:
    """Return the problem as a response that no cache stores."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.errors:
        body["errors"] = list(problem.errors)
    headers = {"Cache-Control": NOT_STORED} | problem.headers
    return JsonResponse(body, status=problem.status, content_type=MEDIA_TYPE, headers=headers)
