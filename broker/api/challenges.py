"""Challenges: the list, starting and quitting one, and how it stands."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app
from flask_login import current_user
from marshmallow import Schema, ValidationError, fields, validate

from broker.api import languages
from broker.api.representation import gives, takes, tell
from broker.api.schemas import Nothing
from broker.api.session import changes_state, login_required, standard_household
from broker.clock import now_s
from broker.energy.challenges import Status
from broker.errors import NotFound
from broker.services import challenges
from broker.services.challenge_catalogue import LARGEST_ID, Catalogue
from broker.services.challenges import Note

bp = Blueprint("challenges", __name__)

UNITS = ("kWh", "W", "%")


class Challenge(Schema):
    """A challenge, and how it went for the caller."""

    id = fields.Integer(metadata={"example": 1})
    name = fields.String(metadata={"example": "Seven quiet nights"})
    description = fields.String()
    total = fields.Integer(metadata={"description": "How often the caller has run it."})
    succeeded = fields.Integer(metadata={"description": "How often the caller has won it."})


class ChallengeStatus(Schema):
    """How the caller's challenge stands. Amounts are in `unit`."""

    id = fields.Integer(metadata={"description": "The challenge's id.", "example": 1})
    progress = fields.Float(
        metadata={
            "description": "The distance to the target: `target` − `value`.",
            "example": 0.8,
        }
    )
    expires_at = fields.Integer(
        data_key="expiresAt",
        metadata={"description": "Seconds left until it ends; 0 once it is over."},
    )
    status = fields.String(
        validate=validate.OneOf([status.value for status in Status]),
        metadata={"description": "A void one is `running` with nothing left: see `note`."},
    )
    name = fields.String()
    unit = fields.String(validate=validate.OneOf(UNITS))
    is_limit = fields.Boolean(
        data_key="isLimit", metadata={"description": "Whether the target is a most or a least."}
    )
    target = fields.Float(metadata={"description": "Fixed when it was started."})
    value = fields.Float(metadata={"description": "Measured so far."})
    days = fields.Integer(metadata={"description": "How many days or nights it takes."})
    days_done = fields.Integer(data_key="daysDone", metadata={"description": "That count so far."})
    days_left_out = fields.Integer(
        data_key="daysLeftOut",
        metadata={"description": "That lack readings; others at the end replace them."},
    )
    begins_at = fields.Integer(
        data_key="beginsAt", metadata={"description": "POSIX seconds of the first day or night."}
    )
    ends_at = fields.Integer(
        data_key="endsAt", metadata={"description": "POSIX seconds of the end of the last one."}
    )
    note = fields.String(
        allow_none=True,
        validate=validate.OneOf([note.value for note in Note]),
        metadata={"description": "What else there is to say: null, or one of these words."},
    )


class Id(fields.Integer):
    """A whole number, in a form as text; not a fraction that would be cut off."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, float):
            raise ValidationError("Not a whole number.")
        return super()._deserialize(value, *args, **kwargs)


class ChallengeId(Schema):
    """Which challenge."""

    id = Id(
        required=True,
        validate=validate.Range(1, LARGEST_ID),
        metadata={"description": "The challenge's id.", "example": 1},
    )


def catalogue() -> Catalogue:
    """The challenges of this installation."""
    given: Catalogue = current_app.extensions["challenges"]
    return given


@bp.get("/challenges")
@login_required
@gives(Challenge, page="challenges/list.html", empty=204, many=True)
def show_challenges() -> list[dict[str, Any]]:
    """All challenges, in the language of the request."""
    caller = (current_user.id, current_user.group_id)
    return challenges.listed(*caller, catalogue(), languages.chosen(), now_s())


@bp.route("/challenges/start/<int(max=2147483647):id>", methods=["GET", "POST"])
@login_required
@changes_state
@gives(
    Nothing,
    then="challenges.show_status",
    back="challenges.show_challenges",
    errors=(404, 409, 422),
)
def start_challenge(id: int) -> dict[str, Any]:
    """Starts a challenge.

    It counts from the next whole day or night on.
    """
    if (challenge := catalogue().get(id)) is None:
        raise NotFound("There is no such challenge.")
    caller = (current_user.id, current_user.group_id)
    challenges.start(*caller, challenge, standard_household(), now_s())
    tell("Your challenge is on.")
    return {}


@bp.get("/challenges/status")
@login_required
@gives(ChallengeStatus, page="challenges/status.html", empty=204, columns=True)
def show_status() -> dict[str, Any]:
    """How the caller's challenge stands, until it is quit."""
    return challenge_status()


@bp.post("/challenges/quit")
@login_required
@takes(ChallengeId)
@gives(Nothing, then="challenges.show_challenges", back="challenges.show_challenges", errors=(404,))
def quit_challenge(id: int) -> dict[str, Any]:
    """Quits a running challenge, or puts one away that is over."""
    challenges.quit(current_user.id, current_user.group_id, id, now_s())
    tell("It now stands below, under what you tried before.")
    return {}


@bp.app_template_global(name="past_runs")
def past_runs() -> list[challenges.PastRun]:
    """The runs that the caller has put away."""
    return challenges.past(current_user.id)


@bp.app_template_global(name="challenge_status")
def challenge_status() -> dict[str, Any]:
    """How the caller's challenge stands; empty without one."""
    caller = (current_user.id, current_user.group_id)
    return challenges.status(*caller, languages.chosen(), now_s())
