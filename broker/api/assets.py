"""Pictures."""

from __future__ import annotations

from flask import Blueprint
from flask_login import current_user
from marshmallow import Schema, fields

from broker.api.representation import gives
from broker.api.session import login_required
from broker.services import avatars

bp = Blueprint("assets", __name__)


class ProfilePicture(Schema):
    """A member's picture."""

    id = fields.Integer(metadata={"description": "The user's id.", "example": 7})
    avatar = fields.String(
        allow_none=True,
        metadata={
            "description": "A square WebP of at most 512 px, in base64; null without one.",
            "example": "UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA=",
        },
    )


@bp.get("/assets/group-profile-pictures")
@login_required
@gives(ProfilePicture, many=True, columns=True)
def show_group_profile_pictures() -> list[dict[str, int | str | None]]:
    """The pictures of all members of the resident's group."""
    return avatars.of_group(current_user.group_id)
