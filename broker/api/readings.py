"""Where meters deliver: Broker's own push."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from broker.api.ingest_keys import sender
from broker.api.representation import contract_of, gives, json_document
from broker.clock import now_s
from broker.ingest import intake
from broker.ingest.registers import Columns
from broker.services import keys
from broker.sources import push

bp = Blueprint("readings", __name__)


class PushedReading(Schema):
    """What a meter said at a time: a counter, a power, or both."""

    meter_id = fields.String(required=True, metadata={"description": "The meter's number."})
    time = fields.Integer(required=True, metadata={"description": "POSIX seconds."})
    energy = fields.Integer(
        metadata={"description": "Counter in 1e-10 kWh (OBIS 1.8.0).", "example": 21802568722140}
    )
    energy_out = fields.Integer(
        metadata={"description": "Export counter in 1e-10 kWh (OBIS 2.8.0)."}
    )
    power = fields.Integer(metadata={"description": "mW; negative while feeding in."})


class Push(Schema):
    """Up to 10,000 readings, stored all or none."""

    readings = fields.List(
        fields.Nested(PushedReading),
        required=True,
        validate=validate.Length(max=push.MOST_READINGS),
    )


class Pushed(Schema):
    """What became of them."""

    stored = fields.Integer(metadata={"description": "New readings."})
    known = fields.Integer(metadata={"description": "Readings that were there already."})
    quarantined = fields.Integer(
        metadata={"description": "New ones that can't be true; the operator decides."}
    )


@bp.post("/readings")
@gives(Pushed, columns=True, errors=(400, 401, 403, 409, 413, 415, 429))
def take_readings() -> dict[str, Any]:
    """Stores readings of the meters that an ingest key opens."""
    key_id = sender()
    pushed = push.parsed(json_document())
    meter_ids = keys.meters_of(key_id, pushed)
    batch = {meter_ids[number]: Columns(*columns) for number, columns in pushed.items()}
    return intake.take_in(batch, now_s())._asdict()


contract_of(take_readings).body = Push()
contract_of(take_readings).secret = "ingest key"
