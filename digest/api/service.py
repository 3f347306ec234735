"""The operations of the API together, and the problems that it answers with."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.datastructures import MultiValueDict
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from digest.api import deliveries, editions, papers_schema, readers, schemas, topics
from digest.api.problems import ProblemError, response

ABOUT = """Programs can search papers without a token. With a token they can sign readers up, read and change them,
and follow deliveries and editions.

Admins make tokens on the admin's page “API tokens”. Send one as `Authorization: Bearer dp_…`. A token makes up to ten
requests a second, and a network up to twenty. Lists have pages: send `next` as `cursor` to get the next one. Errors are
problem documents (RFC 9457).
"""
JSON = "application/json"
_PARAMETERS = {*schemas.ReaderFilters.model_fields, *schemas.DeliveryFilters.model_fields}


class JsonParser(Parser):
    """A parser of bodies that takes JSON only. Django-ninja would parse a form as JSON, too."""

    def parse_querydict(self, data: MultiValueDict[str, str], list_fields: list[str], request: HttpRequest) -> Any:
        """Refuse unknown parameters: a misspelled filter would return all rows."""
        if unknown := sorted(data.keys() - _PARAMETERS):
            errors = [{"pointer": name, "detail": "There is no such parameter."} for name in unknown]
            raise ProblemError(422, "Some parameters are unknown: see “errors”.", errors=errors)
        return super().parse_querydict(data, list_fields, request)

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != JSON:
            raise ProblemError(415, f"Send the body as {JSON}.")
        return super().parse_body(request)


api = NinjaAPI(
    title="API",
    version="1",
    description=ABOUT,
    docs_url=None,
    openapi_url=None,
    urls_namespace="digest_api",
    parser=JsonParser(),
)
api.add_router("", papers_schema.router)
for router in (readers.router, deliveries.router, editions.router, topics.router):
    api.add_router("/v1", router)


@api.exception_handler(ProblemError)
def _problem(request: HttpRequest, error: ProblemError) -> HttpResponse:
    return response(error)


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return response(ProblemError(404, "There is nothing at this address. /api/docs/ lists all."))


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, ProblemError):  # of the parser
        return response(error.__cause__)
    is_unreadable = error.status_code == 400
    detail = "The body is not JSON that can be read." if is_unreadable else error.message
    return response(ProblemError(error.status_code, detail))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [{"pointer": _pointer(each["loc"]), "detail": str(each["msg"])} for each in error.errors]
    return response(ProblemError(422, "Some values are wrong: see “errors”.", errors=errors))


def _pointer(place: tuple[Any, ...]) -> str:
    """Return a JSON pointer into the body, or the name of a parameter. `place` begins with body, query or path."""
    kind, *rest = place
    names = [str(name) for name in rest]
    return "/" + "/".join(names[1:]) if kind == "body" else ".".join(names)
