"""Baselines from bills: what homes used in a term before their meters told it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint
from marshmallow import fields

from broker.admin.forms import Form, keeps_what_was_typed
from broker.api.representation import gives, takes, tell
from broker.api.schemas import Text
from broker.api.session import operator_required, settings
from broker.clock import now_s
from broker.services import baselines, users
from broker.services.baselines import Terms

bp = Blueprint("operator_baselines", __name__, url_prefix="/operator/baselines")


class Bill(Form):
    """What a flat used in the term that began in a year."""

    mail = Text(required=True)
    kwh = fields.Decimal(required=True)
    year = fields.Integer(required=True)


class Entered(Form):
    """One value that was entered."""

    mail = Text(required=True)
    year = fields.Integer(required=True)


def _terms() -> Terms:
    house = settings()
    return Terms.at(now_s(), house.term_start, house.timezone)


@bp.get("")
@operator_required
@gives(page="admin/baselines.html")
def show() -> dict[str, Any]:
    """All values entered, and whether each home's baseline is the bill's or measured now."""
    terms = _terms()
    return {
        "baselines": baselines.listed(terms),
        "users": users.listed(now_s()),
        "year": terms.previous_year,
    }


@bp.post("/enter")
@operator_required
@gives(then="operator_baselines.show", back="operator_baselines.show")
@keeps_what_was_typed("enter")
@takes(Bill)
def enter(mail: str, kwh: Decimal, year: int) -> dict[str, Any]:
    """Enters what a bill says."""
    baselines.enter(mail, kwh, year, _terms(), now_s())
    tell("The bill is entered.")
    return {"mail": mail.strip().lower(), "term": year, "kwh": float(kwh)}


@bp.post("/remove")
@operator_required
@gives(then="operator_baselines.show", back="operator_baselines.show")
@takes(Entered)
def remove(mail: str, year: int) -> dict[str, Any]:
    """Forgets what was entered."""
    baselines.remove(mail, year)
    tell("The bill is removed.")
    return {"mail": mail.strip().lower(), "term": year}
