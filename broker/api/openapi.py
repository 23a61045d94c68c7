"""The contract for programs: OpenAPI 3.1, from the schemas and decorators of the views themselves.

Nothing is written twice: paths come from the routes, texts from the docstrings of the views, and
bodies from the schemas that check them. So the document can't promise what the app doesn't do.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from marshmallow import Schema
from werkzeug.routing import Rule

from broker.api.representation import Contract, View, contract_of
from broker.api.schemas import ErrorObject, FileSchema, Nothing

OPENAPI = "3.1.0"
VERSION = "1.0"
DESCRIPTION = """\
The electricity of a house: who uses how much, and what the roof makes.

Energy is counted in 1e-10 kWh (0.1 µWh), power in histories in mW and in the live view in µW.
Times are POSIX seconds; where they are keys they are written `YYYY-MM-DD HH:MM:SS` in UTC.
Every error, whatever its status, is an object with `errorName` and `errorDescription`.
Answers are JSON; a browser that prefers `text/html` gets the page of the same data instead.
"""
SECURITY = {
    "session": {
        "type": "http",
        "scheme": "bearer",
        "description": "The session token that `POST /login` gives.",
    },
    "ingest key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key for senders of readings, which the operator of the house makes.",
    },
}
SECURITY_NAMES = {"session": "session", "ingest key": "ingest_key"}
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
EMPTY = {
    204: "There is nothing, and no body.",
    206: "There is nothing to show: an empty object.",
}
ERRORS = {
    400: "The input has the wrong shape or an impossible value; nothing was changed.",
    401: "What proves who is calling is missing, wrong, expired or revoked.",
    403: "The caller is known and may not do this.",
    404: "There is no such thing, or it is not the caller's to see.",
    409: "The input contradicts what is already there; nothing was changed.",
    413: "The body is too large.",
    415: "The body is neither JSON nor a form.",
    422: "The request is understood but can't be met.",
    429: "Too many attempts; `Retry-After` says when to come back, in seconds.",
}
ERROR_HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "`Bearer`"}},
    429: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}},
}
ARGUMENT = re.compile(r"<(?:(\w+)(?:\(.*?\))?:)?(\w+)>")
"""A variable part of a route: perhaps its converter with arguments, and its name."""
TYPES = {"int": "integer", "float": "number"}
UNDOCUMENTED_METHODS = {"HEAD", "OPTIONS"}


def document(app: Flask) -> dict[str, Any]:
    """The OpenAPI document of an app, made when it is first asked for."""
    if "openapi" not in app.extensions:
        app.extensions["openapi"] = _document(app)
    made: dict[str, Any] = app.extensions["openapi"]
    return made


def documented(app: Flask) -> Iterator[tuple[Rule, str, View]]:
    """Route, method and view of every call for programs; pages that give no data are none."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        view = app.view_functions[rule.endpoint]
        contract: Contract | None = getattr(view, "contract", None)
        if rule.websocket or contract is None or contract.gives is None:
            continue
        for method in sorted((rule.methods or set()) - UNDOCUMENTED_METHODS):
            is_only_page = contract.page and isinstance(contract.gives, Nothing)
            if not (method == "GET" and is_only_page):
                yield rule, method, view


def _document(app: Flask) -> dict[str, Any]:
    spec = APISpec(
        title="Broker",
        version=VERSION,
        openapi_version=OPENAPI,
        info={"description": DESCRIPTION},
        plugins=[MarshmallowPlugin(schema_name_resolver=_name_of)],
    )
    for name, scheme in SECURITY.items():
        spec.components.security_scheme(SECURITY_NAMES[name], scheme)
    spec.components.schema("ErrorObject", schema=ErrorObject)
    for rule, method, view in documented(app):
        spec.path(_path_of(rule), operations={method.lower(): _operation(rule, method, view)})
    made = spec.to_dict()
    _tidy(made, _schemas_of(app))
    return made


def _name_of(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__


def _path_of(rule: Rule) -> str:
    """`/members/<int:user_id>` as `/members/{user_id}`."""
    return ARGUMENT.sub(r"{\2}", rule.rule)


def _operation(rule: Rule, method: str, view: View) -> dict[str, Any]:
    contract = contract_of(view)
    summary, _, rest = inspect.cleandoc(view.__doc__ or "").partition("\n")
    operation: dict[str, Any] = {
        "operationId": f"{view.__name__}_{method.lower()}",
        "tags": [rule.endpoint.partition(".")[0]],
        "summary": summary,
        "responses": _responses(contract),
        "security": [] if contract.public else [{SECURITY_NAMES[contract.secret]: []}],
    }
    if rest.strip():
        operation["description"] = rest.strip()
    if parameters := [*_path_parameters(rule), *_query_parameters(contract)]:
        operation["parameters"] = parameters
    if contract.body is not None and method != "GET":
        kinds = ("application/json", *(FORMS if contract.takes_forms else ()))
        operation["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": contract.body} for kind in kinds},
        }
    return operation


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    return [
        {
            "in": "path",
            "name": name,
            "required": True,
            "schema": {"type": TYPES.get(converter, "string")},
        }
        for converter, name in ARGUMENT.findall(rule.rule)
    ]


def _query_parameters(contract: Contract) -> list[dict[str, Any]]:
    return [{"in": "query", "schema": contract.query}] if contract.query is not None else []


def _responses(contract: Contract) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if not isinstance(contract.gives, FileSchema):
        content["application/json"] = {"schema": contract.gives}
    for mimetype in contract.files:
        content[mimetype] = {"schema": {"type": "string"}}
    description = inspect.cleandoc(type(contract.gives).__doc__ or "")
    responses: dict[str, Any] = {
        str(contract.status): {"description": description, "content": content}
    }
    if contract.empty is not None:
        responses[str(contract.empty)] = {"description": EMPTY[contract.empty]}
        if contract.empty != HTTPStatus.NO_CONTENT:
            responses[str(contract.empty)]["content"] = {"application/json": {"schema": Nothing()}}
    errors = set(contract.errors) | (set() if contract.public else {401})
    for status in sorted(errors):
        responses[str(status)] = {
            "description": ERRORS[status],
            "content": {"application/json": {"schema": ErrorObject()}},
        }
        if status in ERROR_HEADERS:
            responses[str(status)]["headers"] = ERROR_HEADERS[status]
    return responses


def _schemas_of(app: Flask) -> dict[str, set[str]]:
    """The names of the schemas that bodies are checked by, and of those that answers have."""
    names: dict[str, set[str]] = {"body": set(), "gives": {"ErrorObject"}}
    for _, _, view in documented(app):
        contract = contract_of(view)
        for role, schema in (("body", contract.body), ("gives", contract.gives)):
            if schema is not None:
                names[role] |= {_name_of(of) for of in _nested(schema)}
    return names


def _nested(schema: Schema) -> Iterator[Schema]:
    """A schema and all that it contains."""
    yield schema
    for field in schema.fields.values():
        for inner in (field, *(getattr(field, name, None) for name in ("inner", "value_field"))):
            if (nested := getattr(inner, "schema", None)) is not None:
                yield from _nested(nested)


def _tidy(made: dict[str, Any], names: Mapping[str, set[str]]) -> None:
    """Says what the schemas imply: answers have all fields that aren't optional, bodies none."""
    for name, schema in made["components"]["schemas"].items():
        if name in names["gives"]:
            schema.pop("additionalProperties", None)
            if schema.get("properties"):
                schema["required"] = [
                    field
                    for field, of in schema["properties"].items()
                    if not of.pop("x-optional", False)
                ]
        schema.setdefault("type", "object")
    for operations in made["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if isinstance(kinds := parameter["schema"].get("type"), list):
                    # What is left out is None for the view; nobody can send it.
                    (parameter["schema"]["type"],) = set(kinds) - {"null"}
