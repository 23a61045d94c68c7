"""Hints how to save electricity, chosen for the caller's home."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response
from flask_login import current_user
from marshmallow import Schema, fields

from broker.api import hint_texts, languages
from broker.api.representation import gives, tell, wants_page
from broker.api.schemas import Nothing
from broker.api.session import login_required, settings, standard_household
from broker.clock import now_s
from broker.energy.hints import Choice
from broker.services import hint_catalogue, hints
from broker.services.remembered import Remembered

bp = Blueprint("hints", __name__)

ICON = "<svg …>…</svg>"

_answers: Remembered[bytes] = Remembered(most=128)


class Hint(Schema):
    """A hint, in the language that the client prefers."""

    id = fields.Integer(metadata={"description": "The hint's id.", "example": 20})
    icon = fields.String(
        metadata={
            "description": "An SVG document of 24 by 24 to put into a page; it takes the colour of"
            " the text around it and holds neither scripts nor styles.",
            "example": ICON,
        }
    )
    headline = fields.String(metadata={"example": "Fridge to 7 °C, freezer to −18 °C"})
    description = fields.String(metadata={"description": "What to do, in two to four sentences."})
    read = fields.Boolean(metadata={"description": "Whether the user has marked it as read."})
    reason = fields.String(
        allow_none=True,
        metadata={
            "description": "Why it suits this home; null if it suits any.",
            "example": "because your base load is 142 W",
        },
    )
    saving = fields.String(
        metadata={
            "description": "What it saves in a year, and the assumption behind it.",
            "example": "12 to 30 kWh a year: 2 °C warmer, 4 to 6 % less for each of them",
        }
    )
    source = fields.String(metadata={"description": "Who says so."})


@bp.get("/hints")
@login_required
@gives(Hint, page="hints/list.html", many=True, columns=True)
def show_hints() -> list[dict[str, Any]] | Response:
    """The hints that suit the caller's home: unread ones first, then the best fitting."""
    chosen, language = _chosen(), languages.chosen()
    if wants_page():
        return [_written(choice, language) for choice in chosen.choices]
    answer = _answers.get(
        (chosen.key, language),
        lambda: orjson.dumps([_written(choice, language) for choice in chosen.choices]),
    )
    headers = {"Vary": "Accept, Accept-Language, Cookie", "Content-Language": language}
    return Response(answer, 200, headers, content_type="application/json")


@bp.post("/hint/mark-read/<int:hint_id>")
@login_required
@gives(Nothing, then="hints.show_hints", status=202, errors=(404,))
def mark_read(hint_id: int) -> dict[str, Any]:
    """Marks a hint as read; marking it again changes nothing."""
    hints.mark_read(current_user.id, hint_id, now_s(), settings().instance)
    tell("Marked as read.")
    return {}


@bp.app_template_global(name="best_hint")
def best_hint() -> dict[str, Any] | None:
    """The hint that suits the caller's home best among those that aren't read."""
    choice = next((choice for choice in _chosen().choices if not choice.is_read), None)
    return choice and _written(choice, languages.chosen())


def _chosen() -> hints.Chosen:
    return hints.of_home(
        current_user.id,
        current_user.group_id,
        now_s(),
        standard_household(),
        settings().instance,
    )


def _written(choice: Choice, language: str) -> dict[str, Any]:
    hint, text = choice.hint, choice.hint.texts[language]
    return {
        "id": hint.id,
        "icon": hint_catalogue.icons()[hint.icon],
        "headline": text.headline,
        "description": text.description,
        "read": choice.is_read,
        "reason": hint_texts.reason(choice.reason, language),
        "saving": hint_texts.saving(hint, language),
        "source": text.source,
    }
