"""The operator's commands under `flask --app app`."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Adds every command group to the app."""
