"""What Broker holds about a resident, in their own hands: deleting it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, after_this_request
from flask_login import current_user
from marshmallow import Schema, validate

from broker import clock
from broker.api.attempts import attempts
from broker.api.background import later
from broker.api.representation import gives, takes, tell
from broker.api.schemas import Nothing, Text
from broker.api.session import forget, login_required, settings
from broker.services import deletion
from broker.services.attempts import PRESENT_PASSWORDS, Bucket
from broker.services.mail import Postbox

bp = Blueprint("my_data", __name__)


class Confirmation(Schema):
    """That it is really the account's owner who deletes it."""

    password = Text(
        required=True,
        validate=validate.Length(max=1000),
        metadata={"description": "The account's password.", "example": "eleven-green-kettles"},
    )


@bp.get("/profile/delete")
@login_required
@gives(Nothing, page="profile/delete.html")
def show_delete() -> dict[str, Any]:
    """The page that says what is deleted and what stays."""
    return {}


@bp.post("/profile/delete")
@login_required
@takes(Confirmation)
@gives(Nothing, then="accounts.login", errors=(409, 429))
def delete(password: str) -> dict[str, Any]:
    """Deletes the account for good; all its sessions end.

    Readings of the meter stay, as the house's sums need them, and belong to nobody. The last
    operator is refused with 409.
    """
    house, now_s = settings(), clock.now_s()
    tomorrow = clock.local_date(clock.next_day_start_s(now_s, house.timezone), house.timezone)
    with attempts().guess(Bucket.of(PRESENT_PASSWORDS, str(current_user.id))):
        gone = deletion.delete_account(current_user.id, password, now_s, tomorrow)
    later(
        deletion.confirm,
        gone,
        Postbox(house.smtp_url, house.mail_from, house.outbox),
        now_s * 1_000_000,
    )

    @after_this_request
    def take_back(response: Response) -> Response:
        forget(response)
        return response

    tell("Your account is deleted.")
    return {}
