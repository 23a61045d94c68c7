"""Forms of the operator's pages: what is typed, what was wrong with it, what is shown only once.

A form that fails is shown again with what was typed and the complaint at its field. That travels in
Flask's signed cookie, which the page that shows it empties; so a reload sends nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import wraps
from typing import Any

from flask import Blueprint, request, session
from marshmallow import Schema, ValidationError, fields, pre_load

from broker import clock, units
from broker.admin.sentences import SENTENCES
from broker.api import languages
from broker.api.representation import FormFields, View, wants_page
from broker.api.schemas import Text
from broker.api.session import settings
from broker.errors import BrokerError, InvalidInput
from broker.models import AccountState
from broker.sources.written_time import WrittenTimes

bp = Blueprint("operator_forms", __name__)
languages.know(SENTENCES)

LONGEST_KEPT = 300
"""Characters of a typed value; a cookie has room for 4 kB."""


class Form(Schema):
    """A form whose empty fields count as left out."""

    @pre_load
    def without_empty_fields(self, typed: Any, **_: Any) -> Any:
        """Browsers send every field; programs mean what they send."""
        if not isinstance(typed, FormFields):
            return typed
        several = {
            name: [chosen for chosen in request.form.getlist(name) if chosen]
            for name, of in self.fields.items()
            if isinstance(of, fields.List) and name in typed
        }
        return FormFields({name: value for name, value in typed.items() if value != ""} | several)


class Time(Text):
    """A time: local by the community's zone, with an offset of its own, or POSIX seconds."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return WrittenTimes(settings().timezone).posix_s(
                super()._deserialize(str(value), *args, **kwargs)
            )
        except (ValueError, OverflowError) as error:
            raise ValidationError("This is no time such as 2026-03-12 14:30.") from error


class Whole(fields.Field[int]):
    """A decimal number, exactly as a whole number of a small unit."""

    def __init__(self, per_unit: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.per_unit = per_unit

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:
        try:
            return units.whole(str(value), self.per_unit)
        except ValueError as error:
            raise ValidationError("This is no number such as 12.5, or a finer one.") from error


def today() -> date:
    """The community's present day."""
    return clock.local_date(clock.now_s(), settings().timezone)


def keeps_what_was_typed(form: str) -> Callable[[View], View]:
    """Lets a browser find its form again as it was left, if the view refuses it."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(**kwargs: Any) -> Any:
            try:
                return view(**kwargs)
            except (BrokerError, ValidationError) as error:
                if not wants_page():
                    raise
                complaints = _complaints(error)
                session["failed_form"] = {"form": form, "at": complaints, "typed": _typed()}
                if complaints:
                    raise InvalidInput(
                        "Something in the form does not fit. It is marked below."
                    ) from error
                raise

        return guarded

    return decorate


def _complaints(error: BrokerError | ValidationError) -> dict[str, str]:
    """What is wrong by field; a domain error names its field before a colon, or none."""
    if isinstance(error, ValidationError):
        found = error.messages if isinstance(error.messages, dict) else {}
        return {name: str(next(iter(_flat(what)), "")) for name, what in found.items()}
    name, _, complaint = error.description.partition(": ")
    return {name: complaint} if complaint and name in request.form else {}


def _flat(what: Any) -> list[str]:
    if isinstance(what, Mapping):
        return [text for inner in what.values() for text in _flat(inner)]
    return [str(text) for text in what] if isinstance(what, list) else [str(what)]


def _typed() -> dict[str, str]:
    return {
        name: value
        for name, value in request.form.items()
        if name != "csrf_token" and len(value) <= LONGEST_KEPT
    }


def open_next(form: str, **known: str) -> None:
    """Opens another form on the next page, with what is known already; what is done leads on."""
    if wants_page():
        session["failed_form"] = {"form": form, "at": {}, "typed": known}


@bp.app_template_global()
def typed_now() -> str:
    """The present quarter hour of the community, as a field for a time takes it."""
    now = clock.now_s()
    begun = datetime.fromtimestamp(now - now % units.QUARTER_HOUR_S, settings().timezone)
    return begun.strftime("%Y-%m-%dT%H:%M")


def show_once(name: str, secret: str) -> None:
    """Lets the next page show something that nobody can look up later."""
    if wants_page():
        session["shown_once"] = {"name": name, "secret": secret}


@bp.app_template_global()
def failed_form() -> dict[str, Any]:
    """What the last form was refused for; empty the second time."""
    failed: dict[str, Any] = session.pop("failed_form", {})
    return failed


@bp.app_template_global()
def shown_once() -> dict[str, str] | None:
    """What the next page has to show, once."""
    shown: dict[str, str] | None = session.pop("shown_once", None)
    return shown


@bp.app_template_filter()
def as_people(accounts: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Open accounts as the options of a choice: mail, and how a person knows them."""
    return [
        (one["mail"], f"{one['first_name']} {one['name']}, {one['mail']}")
        for one in accounts
        if one["state"] != AccountState.DEACTIVATED
    ]


@bp.app_template_filter()
def as_options(rows: list[dict[str, Any]], name: str) -> list[tuple[str, str]]:
    """A column of rows as the options of a choice."""
    return [(row[name], row[name]) for row in rows]
