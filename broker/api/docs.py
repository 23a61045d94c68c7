"""The contract for programs: as OpenAPI, and as a page for people made of the same document."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any, NamedTuple

from flask import Blueprint, Response, current_app, render_template

from broker.api import openapi
from broker.api.representation import as_json
from broker.api.session import public, settings

bp = Blueprint("docs", __name__)

JSON = "application/json"
TOKENS = {"session": "$TOKEN", "ingest_key": "$INGEST_KEY"}
EXAMPLES: dict[str, Any] = {"integer": 1, "number": 1.5, "string": "…", "boolean": True}


class Field(NamedTuple):
    """A row of a table: a parameter, or a field of a body."""

    name: str
    type: str
    is_required: bool
    description: str
    example: Any


class Answer(NamedTuple):
    """What a call may answer."""

    status: str
    description: str
    type: str
    fields: list[Field]


class Call(NamedTuple):
    """A path and method as the page shows them."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    secret: str | None
    parameters: list[Field]
    body_kinds: list[str]
    body: list[Field]
    answers: list[Answer]
    curl: str


@bp.get("/openapi.json")
@public
def show_openapi() -> Response:
    """The OpenAPI document."""
    return as_json(openapi.document(current_app._get_current_object()))  # type: ignore[attr-defined]


@bp.get("/docs")
@public
def show_docs() -> Response:
    """The page of the same document."""
    document = openapi.document(current_app._get_current_object())  # type: ignore[attr-defined]
    by_area: dict[str, list[Call]] = {}
    for area, call in calls(document, settings().base_url):
        by_area.setdefault(area, []).append(call)
    page = render_template("docs.html", info=document["info"], areas=by_area)
    return Response(page, mimetype="text/html")


def calls(document: dict[str, Any], base_url: str) -> Iterator[tuple[str, Call]]:
    """Every call of an OpenAPI document with the area it belongs to."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield operation["tags"][0], _call(document, base_url, path, method, operation)


def _call(
    document: dict[str, Any], base_url: str, path: str, method: str, operation: dict[str, Any]
) -> Call:
    content = operation.get("requestBody", {}).get("content", {})
    body = _resolved(document, content[JSON]["schema"]) if content else {}
    secret = next((name for scheme in operation["security"] for name in scheme), None)
    return Call(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        secret=secret,
        parameters=[
            _field(document, of["name"], of | of["schema"], of["required"])
            for of in operation.get("parameters", ())
        ],
        body_kinds=list(content),
        body=_fields(document, body),
        answers=[
            _answer(document, status, answer)
            for status, answer in sorted(operation["responses"].items())
        ],
        curl=_curl(f"{base_url}{path}", method, secret, example(document, body) if body else None),
    )


def _answer(document: dict[str, Any], status: str, answer: dict[str, Any]) -> Answer:
    schema = answer.get("content", {}).get(JSON, {}).get("schema")
    if schema is None:
        return Answer(status, answer["description"], "", [])
    shape = _resolved(document, schema)
    inner = _resolved(document, shape["items"]) if shape["type"] == "array" else shape
    # The two fields of the error object are said once for all.
    fields = [] if int(status) >= 400 else _fields(document, inner)
    return Answer(status, answer["description"], _type(document, schema), fields)


def _fields(document: dict[str, Any], schema: dict[str, Any], prefix: str = "") -> list[Field]:
    """The fields of an object; those of objects inside it follow with their path."""
    fields: list[Field] = []
    for name, of in schema.get("properties", {}).items():
        fields.append(_field(document, prefix + name, of, name in schema.get("required", ())))
        path = f"{prefix}{name}"
        if "items" in of:
            fields += _fields(document, _resolved(document, of["items"]), f"{path}[].")
        elif isinstance(of.get("additionalProperties"), dict):
            inner = _resolved(document, of["additionalProperties"])
            fields += _fields(document, inner, f"{path}.*.")
    return fields


def _field(document: dict[str, Any], name: str, of: dict[str, Any], is_required: bool) -> Field:
    about = of.get("description", "")
    if "enum" in of:
        about = f"{about} One of {', '.join(f'`{value}`' for value in of['enum'])}.".strip()
    return Field(name, _type(document, of), is_required, about, of.get("example"))


def _type(document: dict[str, Any], schema: dict[str, Any]) -> str:
    shape = _resolved(document, schema)
    kind = shape.get("type", "object")
    if isinstance(kind, list):
        return " | ".join(kind)
    if kind == "array":
        return f"{_type(document, shape['items'])}[]"
    if isinstance(values := shape.get("additionalProperties"), dict):
        return f"{{string: {_type(document, values)}}}"
    return str(kind)


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    resolved: dict[str, Any] = document["components"]["schemas"][reference.rpartition("/")[2]]
    return resolved


def example(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """A body that fits a schema, of the fields' examples."""
    shape = _resolved(document, schema)
    if "example" in shape:
        return shape["example"]
    kind = shape["type"]
    if kind == "array":
        return [example(document, shape["items"])]
    if kind == "object":
        return {name: example(document, of) for name, of in shape.get("properties", {}).items()}
    return EXAMPLES[kind[0] if isinstance(kind, list) else kind]


def _curl(url: str, method: str, secret: str | None, body: Any) -> str:
    parts = ["curl"]
    if method != ("get" if body is None else "post"):
        parts.append(f"-X {method.upper()}")
    if secret is not None:
        parts.append(f'-H "Authorization: Bearer {TOKENS[secret]}"')
    if body is not None:
        text = json.dumps(body, ensure_ascii=False)
        parts += [f"-H 'Content-Type: {JSON}'", f"-d {shlex.quote(text)}"]
    return " \\\n  ".join([*parts, shlex.quote(url)])
