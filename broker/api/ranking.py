"""The hit list of those who save most, for those who want to be in it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, url_for
from flask_login import current_user
from marshmallow import Schema, fields

from broker.api.representation import gives
from broker.api.session import login_required, settings, standard_household
from broker.clock import now_s
from broker.services import ranking

bp = Blueprint("ranking", __name__)


class RankedHome(Schema):
    """A home of somebody who agreed to be shown."""

    place = fields.Integer(
        metadata={"description": "From 1 on; who saved as much has the same place.", "example": 1}
    )
    id = fields.Integer(metadata={"description": "The user's id.", "example": 7})
    name = fields.String(
        metadata={"description": "The nick name, else the first name.", "example": "Countess"}
    )
    avatar = fields.String(
        allow_none=True,
        metadata={
            "description": "Where the picture is; null without one.",
            "example": "/members/7/avatar",
        },
    )
    saving = fields.Float(
        metadata={
            "description": "How many percent of the baseline are saved in this term so far.",
            "example": 4.2,
        }
    )


@bp.get("/ranking")
@login_required
@gives(RankedHome, page="ranking/show.html", empty=206, many=True, columns=True)
def show_ranking() -> list[dict[str, Any]]:
    """The homes of the resident's house that agreed to be shown, by how much they have saved."""
    homes = ranking.of_group(
        current_user.group_id, now_s(), standard_household(), settings().term_start
    )
    return [
        {
            "place": home.place,
            "id": home.id,
            "name": home.called,
            "avatar": url_for("pages.avatar", user_id=home.id) if home.has_avatar else None,
            "saving": home.saved_percent,
        }
        for home in homes
    ]
