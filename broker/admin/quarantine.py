"""Readings that can't be true, until the operator accepts them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from broker.admin.forms import Form, Time
from broker.api.representation import gives, takes, tell
from broker.api.schemas import Text
from broker.api.session import operator_required
from broker.clock import now_s
from broker.ingest import quarantine as ingest_quarantine
from broker.services import meters, quarantine

bp = Blueprint("operator_quarantine", __name__, url_prefix="/operator/quarantine")


class Doubted(Form):
    """A reading that waits."""

    meter = Text(required=True)
    time = Time(required=True)


@bp.get("")
@operator_required
@gives(page="admin/quarantine.html")
def show() -> dict[str, Any]:
    """What waits to be accepted."""
    return {"quarantined": quarantine.listed()}


@bp.post("/accept")
@operator_required
@gives(then="operator_quarantine.show", back="operator_quarantine.show")
@takes(Doubted)
def accept(meter: str, time: int) -> dict[str, Any]:
    """Lets a reading count after all."""
    ingest_quarantine.accept(meters.numbered(meter), time, now_s())
    tell("The reading counts now.")
    return {"meter": meter, "accepted_s": time}
