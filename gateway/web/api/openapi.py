"""`/openapi.json`: the API described (OpenAPI 3.1), made from the operations and their models."""

import re
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gateway import __version__
from gateway.domain.access import ROUTE_PERMISSIONS, SCOPE_PERMISSIONS, TokenScope
from gateway.render.pages import json_bytes
from gateway.web.api.bodies import Move
from gateway.web.api.documents import Problem
from gateway.web.api.operation import Operation

Json = dict[str, Any]
Operations = Sequence[Operation[Any, Any]]

_REFERENCE = "#/components/schemas/{model}"
_PROBLEM = {"application/problem+json": {"schema": {"$ref": _REFERENCE.format(model="Problem")}}}
_PART = re.compile(r"\{(\w+)\}")
_PARTS: dict[str, Json] = {
    "id": {"type": "string", "format": "uuid"},
    "number": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
    "slug": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 60},
}

_PROBLEMS = {
    HTTPStatus.BAD_REQUEST: "The message can't be read.",
    HTTPStatus.UNAUTHORIZED: "There is no valid token.",
    HTTPStatus.FORBIDDEN: "The token's scope does not allow that.",
    HTTPStatus.NOT_FOUND: "There is no such thing.",
    HTTPStatus.CONFLICT: "Its state does not allow that, it is taken, or it has changed since `row_version`.",
    HTTPStatus.PRECONDITION_FAILED: "It has changed since the version that If-Match names.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not JSON.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Some values are wrong; `errors` names each.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many calls; Retry-After says when there may be another.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The gateway failed; it is logged under the request's id.",
    HTTPStatus.SERVICE_UNAVAILABLE: "PostgreSQL is away: nothing was changed.",
}
_ALWAYS = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
}
_HEADERS: dict[str, Json] = {
    "ETag": {
        "description": "The document's version: for `If-Match` and `If-None-Match`.",
        "schema": {"type": "string"},
    },
    "Location": {"description": "Where it is from now on.", "schema": {"type": "string"}},
    "RateLimit": {"description": "How many calls are left, and for how long.", "schema": {"type": "string"}},
}


def description_route(base: str, operations: Operations) -> web.RouteDef:
    """Return the route of the description; it is made when first asked for."""
    made = cache(lambda: json_bytes(description(base, operations)))

    async def describe(_request: web.Request) -> web.Response:
        return web.Response(body=made(), content_type="application/json")

    return web.get(f"{base}/openapi.json", describe, name="api.openapi")


def description(base: str, operations: Operations) -> Json:
    """Return the description of the operations as an OpenAPI document."""
    schemas, references = _schemas(operations)
    paths: Json = {}
    for operation in operations:
        described = _operation(operation, references)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Maintenance gateway",
            "version": __version__,
            "description": "Windows, components and all that SREs steer. Instants are RFC 3339, lengths ISO 8601.",
        },
        "servers": [{"url": base}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Made with `gateway token create NAME --scope read|report|write|admin`.",
                }
            },
        },
    }


def _schemas(operations: Operations) -> tuple[Json, dict[tuple[type[BaseModel], str], Json]]:
    models: list[tuple[type[BaseModel], Any]] = [(Problem, "serialization")]
    for operation in operations:
        models += [(model, "validation") for model in (operation.body, operation.query) if model is not None]
        models += [(operation.answer, "serialization")] if operation.answer is not None else []
    references, definitions = models_json_schema([*dict.fromkeys(models)], ref_template=_REFERENCE)
    return definitions.get("$defs", {}), references  # type: ignore[return-value]


def _operation(operation: Operation[Any, Any], references: dict[tuple[type[BaseModel], str], Json]) -> Json:
    scope = next(scope for scope in TokenScope if ROUTE_PERMISSIONS[operation.name] in SCOPE_PERMISSIONS[scope])
    statuses = _statuses(operation)
    described: Json = {
        "operationId": operation.name.removeprefix("api."),
        "summary": operation.summary,
        "description": f"{(operation.handler.__doc__ or '').strip()}\n\nTakes a token of the scope `{scope}`.",
        "tags": [operation.path.split("/")[1].partition(".")[0]],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation), *_header_parameters(operation)],
        "responses": {
            str(operation.status): _success(operation, references),
            **{str(int(status)): {"description": _PROBLEMS[status], "content": _PROBLEM} for status in statuses},
        },
    }
    if operation.method == "GET" and operation.answer is not None:
        described["responses"]["304"] = {"description": "Nothing has changed since the ETag of If-None-Match."}
    if operation.body is not None:
        schema = references[operation.body, "validation"]
        rule = operation.body.model_json_schema()  # "anyOf": one field or another is needed
        needed = any(name in rule for name in ("required", "anyOf", "oneOf"))
        needed |= issubclass(operation.body, Move)  # one of its fields, whichever
        described["requestBody"] = {"required": needed, "content": {"application/json": {"schema": schema}}}
    return described


def _statuses(operation: Operation[Any, Any]) -> list[HTTPStatus]:
    found = set(_ALWAYS)
    if _PART.search(operation.path):
        found.add(HTTPStatus.NOT_FOUND)
    if operation.method != "GET":
        found |= {HTTPStatus.CONFLICT}
    if operation.body is not None:
        found |= {
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.NOT_FOUND,
        }
    if operation.show is not None:
        found |= {HTTPStatus.PRECONDITION_FAILED, HTTPStatus.BAD_REQUEST}
    return sorted(found)


def _success(operation: Operation[Any, Any], references: dict[tuple[type[BaseModel], str], Json]) -> Json:
    names = ["RateLimit"]
    names += ["ETag"] if operation.method == "GET" and operation.answer is not None else []
    schema = references[operation.answer, "serialization"] if operation.answer is not None else {"type": "string"}
    return {
        "description": operation.summary,
        "headers": {name: _HEADERS[name] for name in names},
        "content": {operation.media: {"schema": schema}},
    }


def _path_parameters(operation: Operation[Any, Any]) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _PARTS[name]} for name in _PART.findall(operation.path)
    ]


def _query_parameters(operation: Operation[Any, Any]) -> list[Json]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema(ref_template=_REFERENCE)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "description": rule.get("description", ""),
            "schema": _not_null(rule),
        }
        for name, rule in schema["properties"].items()
    ]


def _not_null(rule: Json) -> Json:
    """Leave out "null" (a parameter is given or it is not), and that none may be repeated: that does no harm."""
    rule = {name: value for name, value in rule.items() if name not in ("description", "default", "title")}
    options = [option for option in rule.pop("anyOf", []) if option != {"type": "null"}]
    rule |= options[0] if options else {}
    rule.pop("uniqueItems", None)
    return rule


def _header_parameters(operation: Operation[Any, Any]) -> list[Json]:
    headers = []
    rule: Json
    if operation.method == "POST":
        rule = {"type": "string", "pattern": r'^("[!#-~]{1,255}"|[!#-~]{1,255})$'}
        text = "Done once, however often it is sent with this key within a day, and answered alike."
        headers.append({"name": "Idempotency-Key", "in": "header", "description": text, "schema": rule})
    if operation.show is not None:
        rule = {"type": "string", "examples": ['"1.0123456789abcdef"']}
        text = "The ETag that was read (or `*`): refused with 412 where it has changed since."
        headers.append({"name": "If-Match", "in": "header", "description": text, "schema": rule})
    return headers
