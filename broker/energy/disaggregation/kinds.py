"""The kinds of appliances that are told apart, and what a run of each is at least."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """A kind of appliance: 0 to 9 in the order of the networks' outputs. Numbers are stored."""

    FRIDGE = 0
    WASHING_MACHINE = 1
    DISHWASHER = 2
    TUMBLE_DRYER = 3
    KETTLE = 4
    MICROWAVE = 5
    OVEN = 6
    FLOW_HEATER = 7
    ELECTRIC_CAR = 8
    HEAT_PUMP = 9
    BASE_LOAD = 10
    OTHER = 11


APPLIANCES = tuple(Kind)[:10]

LABELS = {
    Kind.FRIDGE: "Kühlschrank",
    Kind.WASHING_MACHINE: "Waschmaschine",
    Kind.DISHWASHER: "Spülmaschine",
    Kind.TUMBLE_DRYER: "Wäschetrockner",
    Kind.KETTLE: "Wasserkocher",
    Kind.MICROWAVE: "Mikrowelle",
    Kind.OVEN: "Backofen",
    Kind.FLOW_HEATER: "Durchlauferhitzer",
    Kind.ELECTRIC_CAR: "Elektroauto",
    Kind.HEAT_PUMP: "Wärmepumpe",
    Kind.BASE_LOAD: "Grundlast",
    Kind.OTHER: "Sonstiges",
}
"""The contract's labels without running numbers; fridges include freezers, and ovens hobs."""


class Rule(NamedTuple):
    """What is believed to be a run: everything else is left to „Sonstiges“.

    `power_w`: what switches a step on. Pauses of up to `pause_min` belong to a run; it lasts at
    least `duration_min`, takes at least `energy_wh` and reaches at least `peak_w`. Which share of
    the power above the floor it has to be, comes with a network's weights.
    """

    power_w: float
    pause_min: float
    duration_min: float
    energy_wh: float
    peak_w: float


MINUTE_RULES = {
    Kind.FRIDGE: Rule(15, 0, 3, 2, 25),
    Kind.WASHING_MACHINE: Rule(15, 25, 15, 80, 150),
    Kind.DISHWASHER: Rule(15, 40, 15, 200, 800),
    Kind.TUMBLE_DRYER: Rule(60, 20, 10, 250, 300),
    Kind.KETTLE: Rule(300, 0, 1, 15, 900),
    Kind.MICROWAVE: Rule(150, 1, 1, 8, 600),
    Kind.OVEN: Rule(100, 15, 3, 100, 600),
    Kind.FLOW_HEATER: Rule(1000, 0, 1, 50, 3000),
    Kind.ELECTRIC_CAR: Rule(800, 20, 20, 700, 1500),
    Kind.HEAT_PUMP: Rule(150, 5, 5, 100, 400),
}
RARE_RULES = MINUTE_RULES | {
    Kind.KETTLE: Rule(50, 0, 1, 15, 1200),
    Kind.MICROWAVE: Rule(30, 1, 1, 8, 600),
}
"""For minutes between readings every two: of a pulse, one of them may show a small part only."""
QUARTER_HOUR_RULES = {
    Kind.FRIDGE: Rule(8, 0, 15, 2, 10),
    Kind.WASHING_MACHINE: Rule(20, 30, 15, 100, 100),
    Kind.DISHWASHER: Rule(20, 45, 30, 250, 300),
    Kind.TUMBLE_DRYER: Rule(60, 30, 15, 300, 300),
    Kind.KETTLE: Rule(30, 0, 15, 15, 50),
    Kind.MICROWAVE: Rule(20, 0, 15, 8, 40),
    Kind.OVEN: Rule(80, 15, 15, 150, 300),
    Kind.FLOW_HEATER: Rule(100, 0, 15, 60, 300),
    Kind.ELECTRIC_CAR: Rule(500, 30, 30, 700, 1200),
    Kind.HEAT_PUMP: Rule(150, 30, 15, 150, 300),
}
