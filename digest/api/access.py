"""Access to the API by tokens: which token a request has, what it may do, and how often."""

from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer

from digest import clock
from digest.api import limits, tokens
from digest.api.problems import ProblemError
from digest.models import ApiToken
from subscriptions.readers.consents import Trace
from subscriptions.security import client_ip


class TokenAuth(HttpBearer):
    """A check for a valid token with `scope`; "" allows any token."""

    def __init__(self, scope: str = "") -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Any:
        if not request.headers.get("Authorization"):
            raise refusal("Send a token of this site: Authorization: Bearer dp_…")
        return super().__call__(request) or self.authenticate(request, "")

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        found = None
        if tokens.is_well_formed(token):
            limits.acquire_for_network(client_ip.visitors_network(request))  # it may be a guess
            found = tokens.find(token, now=clock.now())
        if found is None:
            raise refusal("This token is wrong, has expired or was revoked.", error="invalid_token")
        limits.acquire_for_token(found)
        if self.scope and self.scope not in found.scopes:
            raise ProblemError(
                403,
                f"This token lacks the scope {self.scope}.",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{self.scope}"'},
            )
        return found


def refusal(detail: str, error: str = "") -> ProblemError:
    """Return the problem 401 with the header that RFC 6750 requires."""
    challenge = f'Bearer error="{error}"' if error else "Bearer"
    return ProblemError(401, detail, headers={"WWW-Authenticate": challenge})


def trace_of(request: HttpRequest) -> Trace:
    """Return the origin of a change for the log of consents: the API, and the token's name."""
    token: ApiToken = request.auth  # type: ignore[attr-defined]  # set by ninja
    return Trace(where=f"API: {token.name}")
