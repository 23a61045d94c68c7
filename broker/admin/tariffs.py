"""Tariffs: what electricity costs, from day to day."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint
from flask_babel import format_decimal
from marshmallow import fields, validate

from broker.admin.forms import Form, Whole, keeps_what_was_typed, today
from broker.api.representation import gives, takes, tell
from broker.api.schemas import Text
from broker.api.session import operator_required
from broker.clock import now_s
from broker.energy.tariffs import BasePeriod, Tariff, TariffKind
from broker.services import community, tariffs, users
from broker.units import MICROS_PER_HUNDREDTH, MICROS_PER_UNIT, PPM_PER_PERCENT

bp = Blueprint("operator_tariffs", __name__, url_prefix="/operator/tariffs")


@bp.app_template_filter()
def price(micros_per_kwh: int) -> str:
    """A price in hundredths of the currency, with all the digits that were entered."""
    return str(format_decimal(micros_per_kwh / MICROS_PER_HUNDREDTH, "#,##0.0###"))


class NewTariff(Form):
    """What a group pays, or one flat instead; in hundredths of the currency a kWh, with taxes."""

    group = Text(load_default="")
    resident = Text(load_default="")
    begin = fields.Date(required=True)
    end = fields.Date(load_default=None)
    work_price = Whole(MICROS_PER_HUNDREDTH, required=True)
    base_price = Whole(MICROS_PER_UNIT, load_default=0)
    base_period = fields.Enum(BasePeriod, by_value=True, load_default=BasePeriod.YEAR)
    pv_price = Whole(MICROS_PER_HUNDREDTH, load_default=None)
    kind = fields.Enum(TariffKind, by_value=True, load_default=TariffKind.FIXED)
    tax_percent = Whole(PPM_PER_PERCENT, load_default=0)
    corrects = fields.Boolean(load_default=False)


class Ending(Form):
    """From which day on a tariff holds no longer."""

    number = fields.Integer(required=True, validate=validate.Range(1, 2**31 - 1))
    day = fields.Date(required=True)
    corrects = fields.Boolean(load_default=False)


@bp.get("")
@operator_required
@gives(page="admin/tariffs.html")
def show() -> dict[str, Any]:
    """All tariffs."""
    return {
        "tariffs": tariffs.listed(None),
        "groups": community.listed(now_s()),
        "users": users.listed(now_s()),
        "today": today(),
    }


@bp.post("/add")
@operator_required
@gives(then="operator_tariffs.show", back="operator_tariffs.show", status=201)
@keeps_what_was_typed("add")
@takes(NewTariff)
def add(group: str, resident: str, corrects: bool, **typed: Any) -> dict[str, Any]:
    """Enters a tariff of a resident's flat, or without one of the whole group."""
    entered = Tariff(
        begin=typed["begin"],
        end=typed["end"],
        kind=typed["kind"],
        work_price_micros_per_kwh=typed["work_price"],
        base_price_micros=typed["base_price"],
        base_period=typed["base_period"],
        pv_price_micros_per_kwh=typed["pv_price"],
        tax_ppm=typed["tax_percent"],
    )
    number = tariffs.add(
        entered, today(), group="" if resident else group, mail=resident, corrects=corrects
    )
    tell("The tariff is entered.")
    return {"number": number}


@bp.post("/end")
@operator_required
@gives(then="operator_tariffs.show", back="operator_tariffs.show")
@takes(Ending)
def end(number: int, day: date, corrects: bool) -> dict[str, Any]:
    """Lets a tariff hold no longer from a day on; on its first day it is removed."""
    is_left = tariffs.end(number, day, today(), corrects=corrects)
    if is_left:
        tell("The tariff ends on that day.")
    else:
        tell("The tariff is removed.")
    return {"number": number, "until": day if is_left else None}
