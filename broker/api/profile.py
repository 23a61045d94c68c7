"""A resident's profile."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from flask_login import current_user
from marshmallow import Schema, ValidationError, fields, pre_load, validate

from broker import clock
from broker.api.representation import FormFields, gives, takes, tell
from broker.api.schemas import Nothing, Text
from broker.api.session import login_required, settings
from broker.energy.baseline import BaselineSource, BaselineState
from broker.services import profiles

bp = Blueprint("profile", __name__)

MAX_FLAT_SIZE_M2 = 10_000
MAX_INHABITANTS = 50
MAX_NICK_LENGTH = 33


class Profile(Schema):
    """What Broker knows about a resident. Absent values are null."""

    id = fields.Integer(metadata={"description": "The user's id.", "example": 7})
    name = fields.String(metadata={"description": "The last name.", "example": "Lovelace"})
    first_name = fields.String(
        data_key="firstName", metadata={"description": "The first name.", "example": "Ada"}
    )
    nick = fields.String(
        allow_none=True, metadata={"description": "The nick name.", "example": "Countess"}
    )
    flat_size_m2 = fields.Float(
        data_key="flatSize",
        allow_none=True,
        metadata={"description": "The flat's size in m².", "example": 72.5},
    )
    inhabitants = fields.Integer(
        allow_none=True,
        metadata={"description": "How many people live in the flat.", "example": 2},
    )
    group_address = fields.String(
        data_key="groupAddress",
        metadata={"description": "The name of the user's group.", "example": "Sunny Lane 4"},
    )
    mail = fields.String(metadata={"description": "Mail address.", "example": "ada@example.org"})
    avatar = fields.String(
        allow_none=True,
        metadata={
            "description": "A square WebP of at most 512 px, in base64.",
            "example": "UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA=",
        },
    )
    meter_id = fields.String(
        data_key="meterId",
        allow_none=True,
        metadata={"description": "The id of the flat's meter.", "example": "1EMH0012345678"},
    )
    ranking = fields.Boolean(
        metadata={"description": "Whether the neighbours see the home in the ranking."}
    )
    registration_date = fields.String(
        metadata={
            "description": "When the account was made, in UTC.",
            "example": "2026-03-01 08:15:30.000000",
        }
    )
    baseline_state = fields.String(
        validate=validate.OneOf([state.value for state in BaselineState]),
        metadata={
            "description": "Whether the consumption of the previous term is known.",
            "example": "READY",
        },
    )
    baseline_source = fields.String(
        data_key="baselineSource",
        validate=validate.OneOf([source.value for source in BaselineSource]),
        metadata={"description": "Where it is known from.", "example": "measured"},
    )


class Nick(Text):
    """A name that is not made of blanks."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        return super()._deserialize(value, *args, **kwargs).strip()


class FlatSize(fields.Float):
    """A number, and neither text nor a truth value."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("Not a number.")
        if not math.isfinite(value) or not 0 < value <= MAX_FLAT_SIZE_M2:
            raise ValidationError(f"Must be greater than 0 and at most {MAX_FLAT_SIZE_M2}.")
        return float(value)


class Inhabitants(fields.Integer):
    """A whole number, and neither text nor a truth value."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("Not a whole number.")
        if not 1 <= value <= MAX_INHABITANTS:
            raise ValidationError(f"Must be from 1 to {MAX_INHABITANTS}.")
        return value


class Picture(fields.String):
    """The bytes of a file: in base64, or as they are where a form carries the file itself."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, bytes):
            return value
        if not isinstance(value, str) or not value:
            raise ValidationError("Not an image in base64.")
        try:
            return base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError):
            raise ValidationError("Not an image in base64.") from None


class Consent(fields.Boolean):
    """A truth value, and neither text nor a number."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Not a truth value.")
        return value


class ChangedProfile(Schema):
    """Any subset of what a resident may tell."""

    nick = Nick(
        validate=validate.Length(1, MAX_NICK_LENGTH),
        metadata={"description": "The nick name, 1 to 33 characters.", "example": "Countess"},
    )
    flat_size_m2 = FlatSize(
        data_key="flatSize",
        metadata={"description": "The flat's size in m², up to 10000.", "example": 72.5},
    )
    inhabitants = Inhabitants(
        metadata={"description": "How many people live in the flat, 1 to 50.", "example": 2}
    )
    avatar = Picture(
        metadata={
            "description": "An image in base64: at most 5 MB decoded and 40 megapixels.",
            "example": "UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA=",
        }
    )
    in_ranking = Consent(
        data_key="ranking",
        metadata={"description": "Whether the neighbours may see the home in the ranking."},
    )

    @pre_load
    def read_form(self, data: Any, **_: Any) -> Any:
        """Numbers of a form are text, and what a person left empty is not meant to change."""
        if not isinstance(data, FormFields):
            return data
        return _of_form(data)


def _of_form(form: Mapping[str, Any]) -> dict[str, Any]:
    filled = {
        name: value.strip() if isinstance(value, str) else value for name, value in form.items()
    }
    filled = {name: value for name, value in filled.items() if value not in ("", b"")}
    for name, number in (("flatSize", float), ("inhabitants", int)):
        if isinstance(filled.get(name), str):
            try:
                # German residents write a decimal comma.
                filled[name] = number(filled[name].replace(",", "."))
            except ValueError:
                raise ValidationError("Not a number.", name) from None
    if "ranking" in filled:
        filled["ranking"] = {"true": True, "false": False}.get(filled["ranking"])
    return filled


@bp.get("/profile")
@login_required
@gives(Profile, page="profile/show.html", columns=True)
def show_profile() -> dict[str, Any]:
    """The resident's own profile."""
    house = settings()
    return profiles.profile(current_user.id, clock.now_s(), house.timezone, house.term_start)


@bp.route("/profile", methods=["PUT", "POST"])
@login_required
@takes(ChangedProfile)
@gives(Nothing, then="profile.show_profile")
def change_profile(**changes: Any) -> dict[str, Any]:
    """Changes what is sent, all of it or nothing."""
    today = clock.local_date(clock.now_s(), settings().timezone)
    profiles.change(current_user.id, today, **changes)
    tell("Saved.")
    return {}
