"""Consumption per person and year."""

from __future__ import annotations

from flask import Blueprint
from flask_login import current_user
from marshmallow import Schema

from broker.api.representation import gives
from broker.api.session import login_required, settings
from broker.clock import now_s, written_utc
from broker.services import per_capita

bp = Blueprint("per_capita", __name__)


class PerCapita(Schema):
    """Whole kWh per person and year by the end of the last day in it, `YYYY-MM-DD HH:MM:SS` UTC."""

    class Meta:
        """The only field is named by a time."""

        unknown = "include"


@bp.get("/per-capita-consumption")
@login_required
@gives(PerCapita, page="per_capita/show.html", empty=206, columns=True)
def show_my_per_capita_consumption() -> dict[str, int]:
    """What a person in the resident's flat uses in a year, at the pace of this term so far."""
    house = settings()
    found = per_capita.of_user(current_user.id, now_s(), house.term_start, house.timezone)
    return {} if found is None else {written_utc(found.time_s): found.yearly_kwh}
