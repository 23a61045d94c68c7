"""Where markets and grid operators deliver: what a quarter hour's energy costs and emits."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from broker.api.ingest_keys import sender
from broker.api.representation import contract_of, gives, json_document
from broker.models import RateKind
from broker.services import grid_rates, keys
from broker.sources.grid_rates import MOST_SENT, STEPS_S, pushed

bp = Blueprint("grid_rates", __name__)
ERRORS = (400, 401, 403, 409, 413, 415, 429)


def _time() -> fields.Integer:
    described = {"description": "Start, POSIX seconds on a quarter hour.", "example": 1794000600}
    return fields.Integer(required=True, metadata=described)


def _step() -> fields.Integer:
    return fields.Integer(
        load_default=STEPS_S[0],
        validate=validate.OneOf(STEPS_S),
        metadata={"description": "How many seconds each of them holds."},
    )


def _entries(schema: type[Schema]) -> fields.List[Any]:
    return fields.List(
        fields.Nested(schema), required=True, validate=validate.Length(max=MOST_SENT)
    )


class Price(Schema):
    """What a kWh costs from a time on."""

    time = _time()
    price = fields.Integer(
        required=True,
        metadata={
            "description": "Millionths of the currency per kWh: 1000 for each €/MWh; may be < 0.",
            "example": 83_250,
        },
    )


class Prices(Schema):
    """Up to 10,000 prices, stored all or none."""

    prices = _entries(Price)
    step = _step()


class Intensity(Schema):
    """What a kWh causes from a time on."""

    time = _time()
    intensity = fields.Integer(
        required=True, metadata={"description": "mg of CO2 per kWh.", "example": 363_000}
    )


class Intensities(Schema):
    """Up to 10,000 CO2 intensities, stored all or none."""

    intensities = _entries(Intensity)
    step = _step()


class Taken(Schema):
    """What became of them, in quarter hours."""

    stored = fields.Integer(metadata={"description": "New ones."})
    known = fields.Integer(metadata={"description": "Those that were there already."})


@bp.post("/prices")
@gives(Taken, columns=True, errors=ERRORS)
def take_prices() -> dict[str, int]:
    """Stores what energy from the grid costs, for dynamic tariffs."""
    return _taken(RateKind.PRICE, "prices", "price")


@bp.post("/co2-intensities")
@gives(Taken, columns=True, errors=ERRORS)
def take_intensities() -> dict[str, int]:
    """Stores how much CO2 energy from the grid causes."""
    return _taken(RateKind.CO2, "intensities", "intensity")


for view, body in ((take_prices, Prices), (take_intensities, Intensities)):
    contract_of(view).body = body()
    contract_of(view).secret = "ingest key"


def _taken(kind: RateKind, field: str, value: str) -> dict[str, Any]:
    keys.check_grid_rates(sender())
    outcome = grid_rates.take_in(kind, pushed(json_document(), field, value))
    return {"stored": outcome.stored, "known": outcome.known}
