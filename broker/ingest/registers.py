"""A meter's readings, sorted out by register."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from broker.energy.rollup import RegisterColumns
from broker.models import Register


class Columns(NamedTuple):
    """Readings of one meter as columns of equal length.

    Times in POSIX seconds, energies in 0.1 µWh (OBIS 1.8.0 and 2.8.0), powers in mW; a reading
    has a counter, a power or both.
    """

    times_s: Sequence[int]
    energies_tenth_uwh: Sequence[int | None]
    energies_out_tenth_uwh: Sequence[int | None]
    powers_mw: Sequence[int | None]


def registers_in(columns: Columns) -> list[Register]:
    """The registers that readings can say something about.

    Power without a counter can be about both, whatever its sign: where a meter takes energy from
    the grid again, what it fed in has ended.
    """
    exports = _count_given(columns.energies_out_tenth_uwh) > 0 or (
        None in columns.energies_tenth_uwh and _count_given(columns.powers_mw) > 0
    )
    return [Register.IMPORT, Register.EXPORT] if exports else [Register.IMPORT]


def of_register(
    register: Register, columns: Columns, *, integrates: bool, has_begun: bool
) -> RegisterColumns:
    """The readings that belong to a register.

    Power belongs to it only while the meter has never sent a counter (`integrates`); negative
    power is exported. `has_begun` tells whether the register has any energy yet: the export
    register begins with the first reading that exports.
    """
    if register is Register.IMPORT:
        return _imported(columns)
    return _exported(columns, integrates, has_begun)


def _imported(columns: Columns) -> RegisterColumns:
    times, energies, energies_out, powers = columns
    if None not in energies or _count_given(energies_out) == 0:
        return RegisterColumns(list(times), list(energies), list(powers))
    places = [
        place
        for place, energy in enumerate(energies)
        if energy is not None or energies_out[place] is None
    ]
    return RegisterColumns(list(times), list(energies), list(powers)).at(places)


def _exported(columns: Columns, integrates: bool, has_begun: bool) -> RegisterColumns:
    kept = RegisterColumns([], [], [])
    for time_s, energy, energy_out, power in zip(*columns, strict=True):
        integrates = integrates and energy is None
        exported_mw = None if power is None else -power
        if energy_out is not None:
            has_begun = True
        elif (
            not integrates
            or energy is not None
            or exported_mw is None
            or (not has_begun and exported_mw <= 0)
        ):
            continue
        has_begun = True
        kept.times_s.append(time_s)
        kept.counters.append(energy_out)
        kept.powers_mw.append(exported_mw)
    return kept


def _count_given(column: Sequence[int | None]) -> int:
    return len(column) - column.count(None)
