"""The pages' own icons: symbols of `static/icons.svg`, in the colour of the text around them."""

from __future__ import annotations

from flask import Flask, url_for
from markupsafe import Markup


def register(app: Flask) -> None:
    """Gives templates `icon("sun")`."""
    app.jinja_env.globals["icon"] = icon


def icon(name: str) -> Markup:
    """A symbol for eyes only: the text beside it says the same."""
    sprite = url_for("static", filename="icons.svg")
    drawn = '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>'
    return Markup(drawn).format(sprite, name)
