"""What others say about appliances: their labels as ours, their energies fitted to the meter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from broker.energy.disaggregation.kinds import LABELS, Kind

Key = tuple[Kind, int]
"""An appliance: its kind and running number."""

HIGHEST_NUMBER = 9999
"""What labels of ours can hold, and their column."""
_OTHER_NAMES = {
    Kind.FRIDGE: "Kühl-Gefrier-Kombination, Kühlgerät, Gefrierschrank, Gefriertruhe, Gefriergerät, "
    "Fridge, Refrigerator, Freezer, Fridge freezer, Refrigeration",
    Kind.WASHING_MACHINE: "Washing machine, Washer, Clothes washer",
    Kind.DISHWASHER: "Geschirrspüler, Geschirrspülmaschine, Dishwasher",
    Kind.TUMBLE_DRYER: "Trockner, Dryer, Tumble dryer, Clothes dryer",
    Kind.KETTLE: "Kettle, Water kettle, Electric kettle",
    Kind.MICROWAVE: "Mikrowellenherd, Microwave, Microwave oven",
    Kind.OVEN: "Ofen, Herd, Elektroherd, Kochfeld, Kochen, Oven, Stove, Hob, Cooker, Cooking",
    Kind.FLOW_HEATER: "Flow heater, Instantaneous water heater, Tankless water heater",
    Kind.ELECTRIC_CAR: "Elektromobilität, E-Mobilität, E-Auto, Elektrofahrzeug, Wallbox, "
    "Electric car, Electric vehicle, EV, EV charging, Electromobility, E-mobility",
    Kind.HEAT_PUMP: "Heat pump",
    Kind.BASE_LOAD: "Dauerlast, Standby, Base load, Always on",
    Kind.OTHER: "Sonstige, Andere, Rest, Unbekannt, Other, Others, Unknown, Remainder",
}
"""Known from answers of inexogy are `Elektromobilität` and names like our own; the others are what
it might say as well, in German or English."""


def _spelled(name: str) -> str:
    """A name without what spellings differ in: case, umlauts, blanks and dashes."""
    folded = name.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    return re.sub(r"[\W_]", "", folded)


_KINDS = {
    _spelled(name): kind
    for kind, others in _OTHER_NAMES.items()
    for name in (LABELS[kind], *others.split(","))
}


def named(label: str) -> Key:
    """The kind and running number that a label such as `Kühlschrank-2` means.

    What is no known name is „Sonstiges“; base load and „Sonstiges“ are one each, whatever number.
    """
    composed = unicodedata.normalize("NFC", label)
    name, digits = re.fullmatch(r"(.*?)([0-9]*)\s*", composed, re.DOTALL).groups()  # type: ignore[union-attr]
    kind = _KINDS.get(_spelled(name), Kind.OTHER)
    if kind in (Kind.BASE_LOAD, Kind.OTHER) or len(digits) > len(str(HIGHEST_NUMBER)):
        return kind, 1
    return kind, max(1, int(digits or 1))


def by_appliance(energies: Mapping[str, int]) -> dict[Key, int]:
    """Energies by label as energies by appliance; several labels of one add up."""
    sums: dict[Key, int] = {}
    for label, energy in energies.items():
        key = named(label)
        sums[key] = sums.get(key, 0) + energy
    return sums


def fitted(energies: Mapping[Key, int], energy_tenth_uwh: int) -> dict[Key, int]:
    """Energies by appliance that add up to the meter's exactly, all in 0.1 µWh; none is 0.

    Too much is scaled down in proportion, what is rounded off goes to those that lost most by it.
    What is lacking is „Sonstiges“. A quarter hour of nothing at all is base load of 0.
    """
    total = sum(energies.values())
    parts = dict(energies)
    if total > energy_tenth_uwh:
        parts = {key: told * energy_tenth_uwh // total for key, told in energies.items()}
        lost = sorted(energies, key=lambda key: (-(energies[key] * energy_tenth_uwh % total), key))
        for key in lost[: energy_tenth_uwh - sum(parts.values())]:
            parts[key] += 1
    elif total < energy_tenth_uwh:
        other = (Kind.OTHER, 1)
        parts[other] = parts.get(other, 0) + energy_tenth_uwh - total
    return {key: part for key, part in parts.items() if part} or {(Kind.BASE_LOAD, 1): 0}
