"""The first page of the operator: how the installation is, and what it runs with."""

from __future__ import annotations

import platform
import tomllib
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app

from broker.admin.forms import Form
from broker.api.representation import gives, takes, tell
from broker.api.session import operator_required, settings
from broker.clock import now_s
from broker.errors import InvalidInput
from broker.services import health, hint_catalogue, inexogy, quarantine, silence
from config import PROJECT, WITH_PASSWORD

bp = Blueprint("operator", __name__, url_prefix="/operator")


class Seen(Form):
    """Nothing needs to be said."""


@bp.get("")
@operator_required
@gives(page="admin/health.html")
def show() -> dict[str, Any]:
    """How the installation is."""
    given = settings()
    return {
        "meters": silence.listed(now_s()),
        "quarantined": len(quarantine.listed()),
        "database": health.database(now_s()),
        "mails": health.waiting_mails(given.outbox),
        "inexogy": inexogy.listed(),
        "versions": {"broker": _version(), "python": platform.python_version()},
        "workers": given.web_workers,
        "settings": {
            field.name: _told(field.name, getattr(given, field.name)) for field in fields(given)
        },
    }


@bp.post("/silences/seen")
@operator_required
@gives(then="operator.show", back="operator.show")
@takes(Seen)
def seen() -> dict[str, Any]:
    """Notes that the operator knows which meters are silent."""
    known = silence.know(now_s())
    tell("Noted. You are told again when another meter falls silent.")
    return {"seen": known}


@bp.get("/catalogues")
@operator_required
@gives(page="admin/catalogues.html")
def catalogues() -> dict[str, Any]:
    """The challenges and hints that residents get, and what is wrong with the operator's hints."""
    instance = settings().instance
    shipped = hint_catalogue.shipped()
    try:
        offered, trouble = hint_catalogue.load(instance), None
    except InvalidInput as error:
        offered, trouble = shipped, error.description
    challenges = current_app.extensions["challenges"].values()
    return {
        "challenges": [
            {"id": one.id, "name": dict(one.name), "days": one.count, "unit": one.rule.unit}
            for one in sorted(challenges, key=lambda one: one.id)
        ],
        "hints": [
            {
                "id": one.id,
                "headline": {language: of.headline for language, of in one.texts.items()},
                "saving_kwh": list(one.saving_kwh),
                "is_own": shipped.get(one.id) is not one,
            }
            for one in sorted(offered.values(), key=lambda one: one.id)
        ],
        "wrong_hints": trouble,
    }


def _told(name: str, value: Any) -> str:
    """A setting as text; of what no log should hold only whether it is there."""
    if name in WITH_PASSWORD:
        return "***" if value else ""
    return "" if value is None else str(value)


@lru_cache(maxsize=1)
def _version() -> str:
    project = tomllib.loads((Path(PROJECT) / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])
