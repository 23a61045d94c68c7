"""What Broker holds about a resident, in their own hands: taking it along, deleting it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    after_this_request,
    current_app,
    render_template,
)
from flask_login import current_user
from marshmallow import Schema, validate

from broker import clock
from broker.api import languages
from broker.api.attempts import attempts
from broker.api.background import later
from broker.api.representation import gives, takes, tell
from broker.api.schemas import FileSchema, Nothing, Text
from broker.api.session import forget, login_required, settings
from broker.services import deletion, my_data, profiles
from broker.services.archive import File, zipped
from broker.services.attempts import EXPORTS_OF_ONE_ACCOUNT, PRESENT_PASSWORDS, Bucket
from broker.services.mail import Postbox

bp = Blueprint("my_data", __name__)


PAUSE_S = 0.001
"""In which the other greenlets do all that they can."""


class Archive(FileSchema):
    """A ZIP file that is sent while it is being written."""


class Confirmation(Schema):
    """That it is really the account's owner who deletes it."""

    password = Text(
        required=True,
        validate=validate.Length(max=1000),
        metadata={"description": "The account's password.", "example": "eleven-green-kettles"},
    )


@bp.get("/profile/export")
@login_required
@gives(Archive, files=("application/zip",), errors=(429,))
def export() -> Response:
    """Everything that Broker holds about the resident, as a ZIP file of tables.

    `README.txt` in it explains the others. Six times an hour.
    """
    attempts().require(Bucket.of(EXPORTS_OF_ONE_ACCOUNT, str(current_user.id)))
    house, now_s = settings(), clock.now_s()
    made = datetime.fromtimestamp(now_s, house.timezone)
    archive = my_data.files(
        current_user.id,
        now_s,
        house.timezone,
        instance=house.instance,
        currency=house.currency,
        language=languages.chosen(),
    )
    mail = profiles.mail_of(current_user.id)
    explained = render_template("profile/readme.txt", mail=mail, now_s=now_s)
    files = chain([File("README.txt", [explained.encode()])], archive)
    pieces = zipped(files, made, lambda: time.sleep(PAUSE_S))
    response = Response(_streamed(pieces), mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="broker-{made:%Y-%m-%d}.zip"'
    return response


def _streamed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces that ask the database, for a response that outlives its request's context.

    No context is open while a piece is sent: a client that hangs up leaves none behind.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def stream() -> Iterator[bytes]:
        while True:
            with app.app_context():
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    return stream()


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
