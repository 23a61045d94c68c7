"""Which appliance used how much: an estimate, and what residents say about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g
from flask_babel import lazy_gettext as _
from flask_login import current_user
from marshmallow import Schema, ValidationError, fields, pre_load, validates_schema

from broker.api.history import HistoryQuery, time_field
from broker.api.representation import FormFields, gives, takes, takes_query, tell
from broker.api.schemas import Nothing, Text
from broker.api.session import login_required, settings
from broker.clock import day_start_s, now_s
from broker.energy.disaggregation.kinds import APPLIANCES, LABELS, Kind
from broker.energy.disaggregation.labels import KINDS
from broker.models import DisaggregationSource
from broker.services import appliance_corrections, appliances, disaggregation
from broker.units import DAY_S

bp = Blueprint("disaggregation", __name__)

DAYS_BEFORE = 2
RUNS_SHOWN_S = 7 * DAY_S
NAMES = {
    Kind.FRIDGE: _("Fridge, freezer"),
    Kind.WASHING_MACHINE: _("Washing machine"),
    Kind.DISHWASHER: _("Dishwasher"),
    Kind.TUMBLE_DRYER: _("Tumble dryer"),
    Kind.KETTLE: _("Kettle"),
    Kind.MICROWAVE: _("Microwave oven"),
    Kind.OVEN: _("Oven, hob"),
    Kind.FLOW_HEATER: _("Flow heater"),
    Kind.ELECTRIC_CAR: _("Electric car"),
    Kind.HEAT_PUMP: _("Heat pump"),
    Kind.BASE_LOAD: _("Base load"),
    Kind.OTHER: _("Other"),
}
"""The labels of the contract in the language of the page."""


class DisaggregationQuery(HistoryQuery):
    """What time, and how finely."""

    begin_s = time_field(
        "Start; two days ago at 00:00 if missing.", data_key="begin", load_default=None
    )


class Disaggregation(Schema):
    """Energy in 1e-10 kWh by label, by the end of each step in UTC, `YYYY-MM-DD HH:MM:SS`."""


class Appliance(Schema):
    """What an appliance does, as estimated from the last eight weeks."""

    label = fields.String(metadata={"description": "Its label.", "example": "Waschmaschine-1"})
    runs_per_week = fields.Float(
        data_key="runsPerWeek", metadata={"description": "Runs a week.", "example": 2.5}
    )
    energy_per_run = fields.Integer(
        data_key="energyPerRun",
        metadata={"description": "Mean energy of a run in 1e-10 kWh.", "example": 8_200_000_000},
    )
    cost_per_run = fields.Integer(
        allow_none=True,
        data_key="costPerRun",
        metadata={
            "description": "Mean cost of a run in millionths of the currency, at the price of grid "
            "electricity; null without a tariff.",
            "example": 270_000,
        },
    )
    last_begin = time_field("When the last run began.", data_key="lastBegin")
    last_end = time_field("When the last run ended.", data_key="lastEnd")


class Correction(Schema):
    """What a resident said about the estimate."""

    id = fields.Integer(metadata={"description": "The correction's id.", "example": 3})
    label = fields.String(metadata={"description": "What was estimated.", "example": "Mikrowelle"})
    appliance = fields.String(
        allow_none=True,
        metadata={"description": "What it really was; null: there is none.", "example": None},
    )
    begin = time_field("When the run began; null: always.", allow_none=True)
    end = time_field("When the run ended; null: always.", allow_none=True)


class NewCorrection(Schema):
    """Either a kind of appliance that the home lacks, or what a run really was."""

    label = Text(
        required=True,
        metadata={
            "description": "`Spülmaschine`: there is none. `Waschmaschine-1`, with `time` and "
            "`appliance`: that run was something else.",
            "example": "Spülmaschine",
        },
    )
    time_s = time_field("A time within the run.", data_key="time", load_default=None)
    appliance = Text(
        load_default=None,
        metadata={"description": "What it really was.", "example": "Wäschetrockner"},
    )

    @pre_load
    def read_form(self, data: Any, **_given: Any) -> Any:
        """A form names a run by one field: its beginning and its label."""
        if not isinstance(data, FormFields) or "run" not in data:
            return data
        time_s, _blank, label = str(data["run"]).partition(" ")
        return {"time": time_s, "label": label, "appliance": data.get("appliance", "")}

    @validates_schema
    def both_or_none(self, data: Mapping[str, Any], **_given: Any) -> None:
        """A run is named by its time, and then it has to be said what it was."""
        if (data["time_s"] is None) != (data["appliance"] is None):
            raise ValidationError("Send both time and appliance, or none of them.", "time")


@bp.get("/individual-disaggregation")
@login_required
@takes_query(DisaggregationQuery)
@gives(Disaggregation, page="disaggregation/mine.html", empty=206, columns=True)
def show_mine(**asked: Any) -> dict[str, Any]:
    """An estimate of what each appliance of the flat used, in 1e-10 kWh."""
    split = g.split = disaggregation.of_user(current_user.id, **_window(**asked))
    return split.energies


@bp.get("/group-disaggregation")
@login_required
@takes_query(DisaggregationQuery)
@gives(Disaggregation, page="disaggregation/ours.html", empty=206, columns=True)
def show_ours(**asked: Any) -> dict[str, Any]:
    """The same for all flats and the common consumption together, by kind of appliance."""
    split = g.split = disaggregation.of_group(current_user.group_id, **_window(**asked))
    return split.energies


@bp.get("/appliances")
@login_required
@gives(Appliance, many=True)
def list_appliances() -> list[dict[str, Any]]:
    """How often the flat's appliances run, and what a run takes: an estimate."""
    return my_appliances()


@bp.get("/appliance-corrections")
@login_required
@gives(Correction, many=True)
def list_corrections() -> list[dict[str, Any]]:
    """What the resident said about the estimate, the latest first."""
    return appliance_corrections.listed(current_user.id)


@bp.post("/appliance-corrections")
@login_required
@takes(NewCorrection)
@gives(Correction, then="disaggregation.show_mine", status=201, errors=(404,))
def correct(label: str, time_s: int | None, appliance: str | None) -> dict[str, Any]:
    """Says that the home lacks a kind of appliance, or what a run really was."""
    if time_s is None or appliance is None:
        made = appliance_corrections.lacks(current_user.id, label, now_s())
    else:
        made = appliance_corrections.was(current_user.id, time_s, label, appliance, now_s())
    tell("Thank you. That counts from now on.")
    return made


@bp.route("/appliance-corrections/<int(max=2147483647):correction_id>", methods=["DELETE", "POST"])
@login_required
@gives(Nothing, then="disaggregation.show_mine", errors=(404,))
def withdraw(correction_id: int) -> dict[str, Any]:
    """Takes a correction back (a form of a page sends POST)."""
    appliance_corrections.withdraw(current_user.id, correction_id)
    tell("The correction is gone.")
    return {}


@bp.app_template_global()
def my_appliances() -> list[dict[str, Any]]:
    """The statistics of the caller's appliances."""
    return appliances.of_user(current_user.id, current_user.group_id, now_s(), settings().timezone)


@bp.app_template_global()
def my_runs() -> list[dict[str, Any]]:
    """The caller's runs of the last week."""
    return appliances.runs_of_user(current_user.id, now_s() - RUNS_SHOWN_S, now_s())


@bp.app_template_global()
def my_corrections() -> list[dict[str, Any]]:
    """What the caller said about the estimate."""
    return appliance_corrections.listed(current_user.id)


@bp.app_template_global()
def inexogy_share() -> float:
    """How much of the energy that a page splits is split as inexogy says, from 0 to 1."""
    by_source = g.split.by_source
    told = by_source.get(DisaggregationSource.INEXOGY, 0)
    return told / sum(by_source.values()) if told else 0.0


@bp.app_template_global()
def appliance_names() -> list[tuple[str, str]]:
    """The labels of all kinds of appliances with their names in the language of the page."""
    return [(LABELS[kind], str(NAMES[kind])) for kind in APPLIANCES]


@bp.app_template_global()
def appliance_name(label: str) -> str:
    """A label in the language of the page; the number is shown from the second appliance on."""
    name, _dash, number = label.partition("-")
    shown = str(NAMES[KINDS[name]])
    return shown if number in ("", "1") else f"{shown} {number}"


@bp.app_template_global()
def energies_by_label(steps: Mapping[str, Mapping[str, int]]) -> list[tuple[str, int, float]]:
    """Each label's energy over all steps and its share of the total, the largest first."""
    sums: dict[str, int] = {}
    for step in steps.values():
        for label, energy in step.items():
            sums[label] = sums.get(label, 0) + energy
    total = sum(sums.values())
    ordered = sorted(sums.items(), key=lambda item: -item[1])
    return [(label, energy, energy / total if total else 0.0) for label, energy in ordered]


def _window(begin_s: int | None, end_s: int | None, resolution: str) -> dict[str, Any]:
    now, zone = now_s(), settings().timezone
    return {
        "begin_s": day_start_s(now, zone, DAYS_BEFORE) if begin_s is None else begin_s,
        "end_s": now if end_s is None else end_s,
        "resolution": resolution,
        "zone": zone,
        "now_s": now,
    }
