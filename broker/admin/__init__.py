"""The operator's pages under `/operator`: the same services as the commands, in a browser.

They stand on the decorators of `broker.api`, which knows nothing of them.
"""

from __future__ import annotations

from flask import Blueprint

from broker.admin import baselines, forms, groups, health, keys, meters, quarantine, tariffs, users

BLUEPRINTS: tuple[Blueprint, ...] = (
    forms.bp,
    health.bp,
    users.bp,
    groups.bp,
    baselines.bp,
    meters.bp,
    keys.bp,
    quarantine.bp,
    tariffs.bp,
)
