"""The OpenAPI 3.1 document of the API, and what the page of the API shows of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings

from digest.api.problems import MEDIA_TYPE
from digest.api.schemas import Problem
from digest.api.service import api

Schema = dict[str, Any]
VERSIONED = "/api/v1/"
ALWAYS = {
    401: "There is no valid token in the Authorization header.",
    403: "The token lacks the scope of this operation.",
    429: "Too many requests from this network or with this token. Retry-After says how long to wait.",
}
WITH_PARAMETERS = {422: "A value is wrong. `errors` lists the fields."}
WITH_PATH = {404: "There is no such row."}
WITH_BODY = {
    400: "The body is not JSON.",
    413: "The body is larger than the site reads.",
    415: "The body's type is not application/json.",
    422: "A value is wrong. `errors` lists the fields.",
}
CONFLICT = {409: "The reader has unsubscribed, is suppressed, or has not confirmed."}
CONFLICTING = ("change_reader",)


@cache
def operations() -> Schema:
    """Return the document without the site's own address and name. It is made once."""
    document = dict(api.get_openapi_schema(path_prefix="/api/"))
    for path, methods in document["paths"].items():
        if path.startswith(VERSIONED):
            for operation in methods.values():
                _add_problems(operation)
    document["components"]["schemas"] |= _problem_schemas()
    _name_security(document)
    return document


def document(site: str) -> Schema:
    """Return the document of the site with this name."""
    made = operations()
    return made | {"info": made["info"] | {"title": f"{site}: API"}, "servers": [{"url": settings.SITE_URL}]}


def _add_problems(operation: Schema) -> None:
    """Document the errors that `digest.views.api` and the service answer with."""
    parameters = operation["parameters"]
    for parameter in parameters:
        _leave_out_null(parameter)
    problems = dict(ALWAYS)
    if any(each["in"] == "path" for each in parameters):
        problems |= WITH_PATH
    if parameters:
        problems |= WITH_PARAMETERS
    if "requestBody" in operation:
        problems |= WITH_BODY
    if operation["operationId"] in CONFLICTING:
        problems |= CONFLICT
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, about in sorted(problems.items()):
        operation["responses"][str(status)] = {"description": about, "content": content}
    operation["responses"] = {str(status): each for status, each in operation["responses"].items()}
    retry = {"description": "Seconds to wait.", "schema": {"type": "integer"}}
    operation["responses"]["429"] = operation["responses"]["429"] | {"headers": {"Retry-After": retry}}


def _leave_out_null(parameter: Schema) -> None:
    """Describe an optional parameter by its type alone: a URL can't hold null."""
    kinds = [kind for kind in parameter["schema"].get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        parameter["schema"] = kinds[0]
        parameter |= {"description": kinds[0]["description"]} if "description" in kinds[0] else {}


def _problem_schemas() -> Schema:
    made = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    return {**made.pop("$defs"), "Problem": made}


def _name_security(document: Schema) -> None:
    """Name each operation's scope. OpenAPI 3.1 allows scopes with every kind of security scheme."""
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token made in the admin. It begins with dp_."}
    }
    scopes = {path.operation_id: _scope_of(path) for path in _registered()}
    for methods in document["paths"].values():
        for operation in methods.values():
            if "security" in operation:
                scope = scopes[operation["operationId"]]
                operation["security"] = [{"token": [scope] if scope else []}]


def _registered() -> Iterator[Any]:
    for _prefix, router in api._routers:
        for view in router.path_operations.values():
            yield from view.operations


def _scope_of(operation: Any) -> str:
    return next((str(auth.scope) for auth in operation.auth_callbacks if hasattr(auth, "scope")), "")


@dataclass(frozen=True)
class ShownField:
    """A parameter or a field of a body or an answer, as the page shows it."""

    name: str
    type: str
    about: str
    is_required: bool = False


@dataclass(frozen=True)
class ShownOperation:
    """An operation as the page shows it."""

    id: str
    method: str
    path: str
    summary: str
    about: tuple[str, ...]
    scope: str | None  # None: no token is needed; "": any token will do
    parameters: tuple[ShownField, ...]
    body: tuple[ShownField, ...]
    answer: tuple[ShownField, ...]
    statuses: tuple[tuple[str, str], ...]


def shown() -> dict[str, list[ShownOperation]]:
    """Return the operations by their heading, in the order of the document."""
    made = operations()
    schemas, groups = made["components"]["schemas"], dict[str, list[ShownOperation]]()
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(_shown(path, method, operation, schemas))
    return groups


def _shown(path: str, method: str, operation: Schema, schemas: Schema) -> ShownOperation:
    answers = {str(status): each for status, each in operation["responses"].items()}
    good = next(each for status, each in answers.items() if status.startswith("2"))
    security = operation.get("security")
    parameters = (
        ShownField(each["name"], _type(each["schema"]), each.get("description", ""), each["required"])
        for each in operation["parameters"]
    )
    return ShownOperation(
        operation["operationId"],
        method.upper(),
        path,
        operation["summary"],
        tuple(re.split(r"\n\s*\n", operation.get("description", "").strip())),
        None if security is None else "".join(security[0]["token"]),
        tuple(parameters),
        tuple(_fields(operation.get("requestBody", {}), schemas)),
        tuple(_fields(good, schemas)),
        tuple((status, each["description"]) for status, each in sorted(answers.items())),
    )


def _fields(described: Schema, schemas: Schema) -> Iterator[ShownField]:
    """Yield the fields of a body or an answer, and those of the rows in it."""
    for content in described.get("content", {}).values():
        yield from _fields_of(content["schema"], schemas, "")


def _fields_of(schema: Schema, schemas: Schema, prefix: str) -> Iterator[ShownField]:
    schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield ShownField(f"{prefix}{name}", _type(field), field.get("description", ""), name in required)
        if "$ref" in field.get("items", {}):
            yield from _fields_of(field["items"], schemas, f"{prefix}{name}[].")


def _type(schema: Schema) -> str:
    """Return a short name of a type: “text”, “one of daily, weekly”, “list of text, or null”."""
    if "anyOf" in schema:
        return ", or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    formats = {"date": "day", "date-time": "time", "uuid": "UUID", "email": "email address"}
    names = {"string": "text", "integer": "whole number", "boolean": "true or false", "null": "null"}
    kind = str(schema.get("type", "object"))
    return formats.get(schema.get("format", "")) or names.get(kind, kind)
