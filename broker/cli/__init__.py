"""The operator's commands under `flask --app app`."""

from __future__ import annotations

from flask import Flask

from broker.cli.baselines import baseline
from broker.cli.challenges import challenge
from broker.cli.collector import collector
from broker.cli.demo import demo
from broker.cli.disaggregation import disaggregation
from broker.cli.grid_rates import co2, prices
from broker.cli.groups import group
from broker.cli.hints import hint
from broker.cli.keys import key
from broker.cli.meters import meter
from broker.cli.readings import readings
from broker.cli.serve import serve
from broker.cli.shares import share
from broker.cli.tariffs import tariff
from broker.cli.users import user

COMMANDS = (
    *(group, meter, user, share, tariff, prices, co2, key, readings, challenge),
    *(baseline, disaggregation, hint, demo, collector, serve),
)


def register(app: Flask) -> None:
    """Adds every command group to the app."""
    for command in COMMANDS:
        app.cli.add_command(command)
