"""The global challenge: what residents and communities save against their last term."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask_login import current_user
from marshmallow import Schema, fields, validate

from broker.api.representation import gives, takes_query
from broker.api.session import login_required, public, settings, standard_household
from broker.clock import now_s, term_start_s, written_utc
from broker.energy.baseline import BaselineSource
from broker.energy.savings import Saving
from broker.services import community, savings

bp = Blueprint("savings", __name__)

KEY = "UTC time of the newest reading in it, `YYYY-MM-DD HH:MM:SS`"


class IndividualSaving(Schema):
    """The saving prognosis against the last term; below 0 for more than last year."""

    saving = fields.Dict(
        fields.String(),
        fields.Float(),
        metadata={
            "description": f"Saving in 1e-10 kWh by the {KEY}.",
            "example": {"2020-01-15 10:01:10": 3148577026610.7812},
        },
    )
    baseline = fields.Integer(
        metadata={
            "description": "The energy of the last term in 1e-10 kWh.",
            "example": 53011346257574,
        }
    )
    baseline_source = fields.String(
        data_key="baselineSource",
        validate=validate.OneOf([BaselineSource.MEASURED.value, BaselineSource.BILL.value]),
        metadata={"description": "Where it is known from.", "example": "measured"},
    )


class CommunitySaving(Schema):
    """The sum of known saving prognoses in 1e-10 kWh by the time of its newest reading, in UTC."""

    class Meta:
        """The only field is named by a time."""

        unknown = "include"


class CommunityQuery(Schema):
    """Whose sum."""

    group = fields.String(
        load_default=None,
        metadata={"description": "A group's name; all groups together if missing."},
    )


@bp.get("/individual-global-challenge")
@login_required
@gives(IndividualSaving, page="savings/mine.html", empty=206, columns=True)
def show_my_saving() -> dict[str, Any]:
    """What the resident saves against the last term, as of the newest reading."""
    saving = my_saving()
    if saving is None:
        return {}
    return {
        "saving": {written_utc(saving.time_s): saving.saving_tenth_uwh},
        "baseline": saving.baseline_tenth_uwh,
        "baselineSource": saving.source.value,
    }


@bp.app_template_global()
def my_saving() -> Saving | None:
    """The caller's saving prognosis; None without a baseline or readings."""
    term_start = settings().term_start
    return savings.of_user(current_user.id, now_s(), term_start, standard_household())


@bp.app_template_global()
def term_begin_s() -> int:
    """Since when this term's savings are counted."""
    return term_start_s(now_s(), settings().term_start, standard_household().zone)


@bp.get("/community-global-challenge")
@public
@takes_query(CommunityQuery)
@gives(CommunitySaving, page="savings/ours.html", empty=206, columns=True)
def show_our_saving(group: str | None) -> dict[str, float]:
    """What all members of the communities save together, for everybody to see.

    At most a minute old. Nothing where fewer members than `BROKER_COMMUNITY_MINIMUM` have a known
    saving.
    """
    return community_saving(group)


@bp.app_template_global()
def community_saving(group: str | None) -> dict[str, float]:
    """The sum in 0.1 µWh by the written time of its newest reading; empty if there is none."""
    house = settings()
    saving = savings.of_community(
        group, now_s(), house.term_start, standard_household(), house.community_minimum
    )
    return {} if saving is None else {written_utc(saving.time_s): saving.saving_tenth_uwh}


@bp.app_template_global()
def own_group() -> str:
    """The name of the caller's community."""
    return community.name_of(current_user.group_id)
