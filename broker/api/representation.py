"""One view, two faces: what a view takes and gives, as JSON or, for a browser, as a page.

A view returns plain data. `gives` turns it into JSON by its schema, or renders the page of the
same data when the client prefers HTML. `takes` reads query or body by a marshmallow schema.
Both leave their facts on the view as its `Contract`, from which OpenAPI is generated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import Any

import orjson
from flask import Response, flash, redirect, render_template, request, url_for
from marshmallow import EXCLUDE, Schema
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from broker.api.forms import readable
from broker.services.written_series import WrittenSeries

View = Callable[..., Any]


@dataclass
class Contract:
    """What a view promises, for OpenAPI and for the tests that walk all routes."""

    query: Schema | None = None
    body: Schema | None = None
    takes_forms: bool = False
    gives: Schema | None = None
    status: int = 200
    empty: int | None = None
    page: str | None = None
    files: tuple[str, ...] = ()
    back: str | None = None
    errors: list[int] = field(default_factory=list)
    public: bool = False
    secret: str = "session"


def contract_of(view: View) -> Contract:
    """The contract that the decorators of a view built up."""
    if not hasattr(view, "contract"):
        view.contract = Contract()  # type: ignore[attr-defined]
    contract: Contract = view.contract  # type: ignore[attr-defined]
    return contract


def wants_page() -> bool:
    """Whether the client prefers HTML. A bare `*/*` or a missing Accept gets JSON."""
    if "text/html" not in request.environ.get("HTTP_ACCEPT", ""):
        return False  # most callers are programs, and telling so quickly counts
    accept = request.accept_mimetypes
    return accept.best_match(["application/json", "text/html"]) == "text/html"


def tell(message: str) -> None:
    """What a browser's next page says when something has been done."""
    if wants_page():
        flash(message, "success")


def as_json(data: Any, status: int = 200, *, vary: bool = False) -> Response:
    """A JSON response of plain data; `vary` tells caches that there is a page of it as well."""
    headers = {"Vary": "Accept"} if vary else None
    if status == 204:
        return Response(status=status, headers=headers)
    text = orjson.dumps(data, default=WrittenSeries.json)
    return Response(text, status, headers, content_type="application/json")


def takes_query(schema: type[Schema]) -> Callable[[View], View]:
    """Reads the query string by a schema; its fields become the view's keyword arguments."""
    loaded = schema(unknown=EXCLUDE)

    @lru_cache(maxsize=512)
    def read(query: bytes) -> dict[str, Any]:
        """A phone asks the same again and again, so reading it once is enough."""
        fields: dict[str, Any] = loaded.load(request.args.to_dict())
        return fields

    def decorate(view: View) -> View:
        contract_of(view).query = loaded
        contract_of(view).errors.append(400)

        @wraps(view)
        def with_query(**kwargs: Any) -> Any:
            return view(**kwargs, **read(request.query_string))

        return with_query

    return decorate


def takes(schema: type[Schema]) -> Callable[[View], View]:
    """Reads the body, JSON or form, by a schema; its fields become keyword arguments.

    A body that is neither answers 415, one that can't be read 400, one that doesn't fit 400 with
    the names of the fields.
    """
    loaded = schema()

    def decorate(view: View) -> View:
        contract_of(view).body, contract_of(view).takes_forms = loaded, True
        contract_of(view).errors += [400, 413, 415]

        @wraps(view)
        def with_body(**kwargs: Any) -> Any:
            return view(**kwargs, **loaded.load(body()))

        return with_body

    return decorate


def body() -> Any:
    """The request's body as plain data: a JSON document, or the fields of a form."""
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return _form()
    return json_document("Send a JSON body (Content-Type: application/json) or a form.")


class FormFields(dict[str, Any]):
    """The fields of a form: numbers are still text in them, and files are bytes."""


def _form() -> FormFields:
    """A form's fields and chosen files, without the token against forgery."""
    fields = FormFields(request.form.to_dict())
    if request.content_length and not fields and not request.files:
        raise BadRequest("The form has no field that can be read.")
    fields.pop("csrf_token", None)
    fields.update((name, file.read()) for name, file in request.files.items() if file.filename)
    return fields


def json_document(wanted: str = "Send a JSON body (Content-Type: application/json).") -> Any:
    """The body as JSON. The parser refuses NaN, broken encodings and unlimited nesting.

    Raises UnsupportedMediaType, saying what is wanted, for a body that is declared something else.
    """
    if request.mimetype not in ("application/json", "") and not request.mimetype.endswith("+json"):
        raise UnsupportedMediaType(wanted)
    with readable():
        text = request.get_data()
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise BadRequest(f"The body is not valid JSON: {error}") from error


def gives(
    schema: type[Schema] | None = None,
    *,
    page: str | None = None,
    then: str | Callable[[], str] | None = None,
    back: str | None = None,
    status: int = 200,
    empty: int | None = None,
    many: bool = False,
    columns: bool = False,
    files: tuple[str, ...] = (),
    errors: tuple[int, ...] = (),
) -> Callable[[View], View]:
    """Represents what a view returns.

    `page` is the template for a browser, `then` where a browser goes after a form (an endpoint, or
    a function that gives the address), `back` the endpoint it goes to when a form fails that has no
    page at its own address, `empty` the status of an answer without data, `files` the content types
    of what the view may answer instead. What is plain already is marked by `columns`: the schema
    then documents it and isn't run over its points.
    """
    dumped = schema(many=many) if schema else None

    def decorate(view: View) -> View:
        contract = contract_of(view)
        contract.gives, contract.status, contract.empty, contract.page = dumped, status, empty, page
        contract.back, contract.files = back, files
        contract.errors += errors

        @wraps(view)
        def represented(**kwargs: Any) -> Any:
            data = view(**kwargs)
            if isinstance(data, Response):
                return data
            has_page = bool(page or then)
            if has_page and wants_page():
                return _page(page, then, data)
            if empty is not None and not data:
                return as_json({}, empty, vary=has_page)
            plain = data if dumped is None or columns else dumped.dump(data)
            return as_json(plain if plain is not None else {}, status, vary=has_page)

        return represented

    return decorate


def _page(page: str | None, then: str | Callable[[], str] | None, data: Any) -> Response:
    if then and (request.method != "GET" or page is None):
        address = then() if callable(then) else url_for(then)
        response: Response = redirect(address, 303)  # type: ignore[assignment]
    else:
        assert page
        response = Response(render_template(page, data=data), mimetype="text/html")
    response.vary.add("Accept")
    return response
