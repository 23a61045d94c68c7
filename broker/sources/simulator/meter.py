"""The meters of the simulated house."""

from dataclasses import dataclass
from typing import Literal

from broker.sources.simulator.sonnenhof import Flat, HouseDescription

MeterRole = Literal["flat", "common", "first_production", "second_production"]

_KWH = 10**10  # in units of 1e-10 kWh


@dataclass(frozen=True, slots=True)
class SimulatedMeter:
    """A meter, what it measures and where its counter stood when the simulation found it."""

    number: int
    """Position in the house, and the stream of its random numbers."""
    key: str
    role: MeterRole
    label: str
    serial: str
    flat: Flat | None
    start_counter_tenth_uwh: int
    sends_power: bool
    """Whether it reports power besides its counter."""


def meters_of(house: HouseDescription) -> tuple[SimulatedMeter, ...]:
    """One meter per flat, one for what all use, one per photovoltaic plant."""
    flats = tuple(
        SimulatedMeter(
            number,
            flat.key,
            "flat",
            flat.label,
            _serial(number),
            flat,
            _start_counter(number),
            flat.meter_sends_power,
        )
        for number, flat in enumerate(house.flats)
    )
    first = len(flats)
    shared: tuple[tuple[str, MeterRole, str], ...] = (
        ("common", "common", "Allgemeinstrom"),
        ("pv-1", "first_production", "Photovoltaik Süd"),
        ("pv-2", "second_production", "Photovoltaik Ost/West"),
    )
    return flats + tuple(
        SimulatedMeter(
            number, key, role, label, _serial(number), None, _start_counter(number), True
        )
        for number, (key, role, label) in enumerate(shared, start=first)
    )


def _serial(number: int) -> str:
    """A server identification as on German meters: medium 1, maker EMH, eight digits."""
    return f"1EMH00{12_345_678 + number * 4_711:08d}"


def _start_counter(number: int) -> int:
    """Some thousand kWh, different for every meter, not round."""
    return (1_800 + number * 1_237 % 9_000) * _KWH + number * 7_310_405_921 % _KWH
