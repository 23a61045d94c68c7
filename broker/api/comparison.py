"""A resident's month beside similar homes, their own last year and the standard household."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext as _
from flask_login import current_user
from marshmallow import Schema, ValidationError, fields, validate

from broker.api.periods import Period
from broker.api.representation import as_json, gives, takes_query, wants_page
from broker.api.session import login_required, standard_household
from broker.clock import local_date, now_s
from broker.energy.comparison import Judgement, Likeness
from broker.services import comparison

bp = Blueprint("comparison", __name__)

FIRST_YEAR, LAST_YEAR = 1970, 2999


class Month(fields.String):
    """A month as `YYYY-MM`; the view gets its first day."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, *args, **kwargs)
        try:
            first = date.fromisoformat(f"{text}-01") if len(text) == len("2026-11") else None
        except ValueError:
            first = None
        if first is None or not FIRST_YEAR <= first.year <= LAST_YEAR:
            raise ValidationError(f"Write a month from {FIRST_YEAR} on like 2026-11.")
        return first


class ComparisonQuery(Schema):
    """Which month."""

    month = Month(
        load_default=None,
        metadata={
            "description": "`YYYY-MM`; if missing, the running month and the one before.",
            "pattern": "^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])$",
            "example": "2026-11",
        },
    )


def energy_field(description: str, **given: Any) -> fields.Integer:
    """An energy in 0.1 µWh."""
    return fields.Integer(metadata={"description": f"{description}, in 1e-10 kWh."}, **given)


def difference_field() -> fields.Integer:
    """How much more the home used."""
    return fields.Integer(
        metadata={"description": "How many percent more the home used; negative for less."}
    )


class Similar(Schema):
    """Beside similar homes of the community, per person, over the days of which all is known."""

    days = fields.Integer(metadata={"description": "How many days are compared."})
    per_person = energy_field("What the home used per person")
    homes = fields.Integer(metadata={"description": "How many other homes, at least 4."})
    likeness = fields.String(
        validate=validate.OneOf([likeness.value for likeness in Likeness]),
        metadata={"description": "What they have in common with the home."},
    )
    mean_per_person = energy_field("Their mean, rounded to whole kWh")
    frugal_per_person = energy_field(
        "The mean of the most frugal quarter of them, at least of 4; null below 8 homes",
        allow_none=True,
    )
    difference = difference_field()


class LastYear(Schema):
    """Beside the same weekdays 52 weeks before, over the days that are known in both years."""

    begin = fields.Integer(metadata={"description": "Start of last year's days, POSIX seconds."})
    end = fields.Integer(metadata={"description": "Their end, POSIX seconds."})
    days = fields.Integer(metadata={"description": "How many days are compared."})
    energy = energy_field("What the home used on them this year")
    energy_last_year = energy_field("What it used on them last year")
    difference = difference_field()


class Standard(Schema):
    """Beside the usual flat with as many people, over the days of which their number is known."""

    days = fields.Integer(metadata={"description": "How many days are compared."})
    energy = energy_field("What the home used on them")
    energy_standard = energy_field("What is usual on them")
    difference = difference_field()
    source = fields.String(metadata={"description": "Who says what is usual in a year."})


class ComparedMonth(Schema):
    """A month, as far as it is over. What can't be compared is null, and `missing` says why."""

    month = fields.String(metadata={"description": "`YYYY-MM`.", "example": "2026-11"})
    begin = fields.Integer(metadata={"description": "Start of the month, POSIX seconds."})
    end = fields.Integer(metadata={"description": "End of its last finished day, POSIX seconds."})
    days = fields.Integer(metadata={"description": "How many days of it are over."})
    known_days = fields.Integer(metadata={"description": "Of how many the consumption is known."})
    energy = energy_field("What the home used on these")
    similar = fields.Nested(Similar, allow_none=True)
    last_year = fields.Nested(LastYear, allow_none=True)
    standard = fields.Nested(Standard, allow_none=True)
    missing = fields.Dict(
        fields.String(),
        fields.String(validate=validate.OneOf([reason.value for reason in comparison.Missing])),
        metadata={"description": "Why something isn't compared, by its name."},
    )
    judgement = fields.String(
        allow_none=True, validate=validate.OneOf([judgement.value for judgement in Judgement])
    )
    judged_by = fields.String(
        allow_none=True,
        metadata={"description": "The comparison that the judgement is taken from."},
    )
    text = fields.String(
        allow_none=True,
        metadata={"description": "The judgement in words, in the language of `Accept-Language`."},
    )


class Comparison(Schema):
    """The months, the latest first."""

    months = fields.List(fields.Nested(ComparedMonth))


@bp.get("/comparison")
@login_required
@takes_query(ComparisonQuery)
@gives(Comparison, page="comparison/show.html", empty=206, columns=True)
def show_comparison(month: date | None) -> dict[str, Any] | Response:
    """The resident's month beside similar homes, their own last year and the standard household."""
    compared = comparison.of_user(
        current_user.id, current_user.group_id, month, now_s(), standard_household()
    )
    for one in compared.get("months", ()):
        one["text"] = _in_words(one["judgement"])
    if wants_page() or not compared:
        return compared
    response = as_json(compared, vary=True)
    response.vary.update(("Accept-Language", "Cookie"))
    return response


@bp.app_template_global()
def similar_in(period: Period) -> dict[str, Any] | None:
    """How a page's month stands beside similar homes; None for other times and where unknown."""
    first = local_date(period.begin_s, period.zone)
    if period.kind != "month" or first.day != 1 or first.year < FIRST_YEAR:
        return None
    whose = current_user.id, current_user.group_id
    months = comparison.of_user(*whose, first, period.now_s, standard_household()).get("months")
    similar: dict[str, Any] | None = months[0]["similar"] if months else None
    return similar


@bp.app_template_global()
def month_before(months: Sequence[Mapping[str, Any]]) -> str | None:
    """The month before the earliest of those shown, as the query writes it."""
    if not months:
        return None
    first = date.fromisoformat(f"{months[-1]['month']}-01")
    return f"{first - timedelta(days=1):%Y-%m}"


def _in_words(judgement: str | None) -> str | None:
    """The frugal hear approval, and nobody is blamed: see `Judgement`."""
    texts = {
        Judgement.GREAT.value: _("Great! You use clearly less than usual. Keep it up!"),
        Judgement.GOOD.value: _("Good! You use no more than usual. Keep going!"),
        Judgement.MORE_THAN_USUAL.value: _(
            "This was more than usual. Small changes already make a difference."
        ),
    }
    return texts.get(judgement or "")
