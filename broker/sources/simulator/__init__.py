"""A simulated house with ten flats, so that every page has something to show without a meter."""

from broker.sources.simulator.house import SimulatedHouse
from broker.sources.simulator.meter import MeterRole, SimulatedMeter
from broker.sources.simulator.sonnenhof import SONNENHOF_12, Flat, HouseDescription

__all__ = [
    "SONNENHOF_12",
    "Flat",
    "HouseDescription",
    "MeterRole",
    "SimulatedHouse",
    "SimulatedMeter",
]
