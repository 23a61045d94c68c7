"""All areas of the API; the composition root registers them."""

from __future__ import annotations

from flask import Blueprint

from broker.api import accounts, assets, profile

BLUEPRINTS: tuple[Blueprint, ...] = (
    accounts.bp,
    profile.bp,
    assets.bp,
)
