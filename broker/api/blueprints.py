"""All areas of the API; the composition root registers them."""

from __future__ import annotations

from flask import Blueprint

from broker.api import (
    accounts,
    app_shell,
    assets,
    challenges,
    comparison,
    curves,
    disaggregation,
    docs,
    grid_rates,
    hints,
    history,
    live,
    live_sockets,
    my_data,
    pages,
    per_capita,
    preferences,
    profile,
    ranking,
    readings,
    savings,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    pages.bp,
    app_shell.bp,
    accounts.bp,
    profile.bp,
    preferences.bp,
    my_data.bp,
    assets.bp,
    history.bp,
    hints.bp,
    comparison.bp,
    curves.bp,
    savings.bp,
    per_capita.bp,
    ranking.bp,
    challenges.bp,
    disaggregation.bp,
    live.bp,
    live_sockets.bp,
    readings.bp,
    grid_rates.bp,
    docs.bp,
)
