"""A home beside others: who is similar, what they use, and what to say of it.

Nothing here tells a single home's value. Every number has at least `FEWEST_HOMES` homes behind it,
and so has every difference of two numbers that a resident can bring about by changing what they
told about their own household: homes are parted into cells by the others alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from broker.units import TENTH_UWH_PER_KWH

FEWEST_HOMES = 4
FEWEST_DAYS = 7
"""A few days say more about the weather and a guest than about a home."""
CLEARLY_LESS_PERCENT = -15

STANDARD_YEARLY_KWH = {1: 1200, 2: 1900, 3: 2400, 4: 2600, 5: 3100}
"""What flats without electric water heating usually use in a year, by inhabitants, as the
`STANDARD_SOURCE` says. It has no value for more than five."""
STANDARD_SOURCE = "Stromspiegel für Deutschland 2025, co2online"


class Likeness(StrEnum):
    """What the homes beside which one is put have in common with it."""

    HOUSEHOLD_SIZE = "household_size"
    HOUSEHOLD_AND_FLAT_SIZE = "household_and_flat_size"
    HOUSE = "house"
    """Nothing but the house: there are too few homes to choose from."""


class Judgement(StrEnum):
    """How much a home used, said so that the frugal hear approval and nobody is blamed.

    Who only hears that others use more begins to use more: Schultz, Nolan, Cialdini, Goldstein
    and Griskevicius, "The Constructive, Destructive, and Reconstructive Power of Social Norms",
    Psychological Science 18 (2007). A word of approval prevents it.
    """

    GREAT = "great"
    GOOD = "good"
    MORE_THAN_USUAL = "more_than_usual"


class Home(NamedTuple):
    """A home during the compared days."""

    inhabitants: int
    """On the last of the days."""
    flat_size_m2: float | None
    per_person_tenth_uwh: float


class Neighbours(NamedTuple):
    """What similar homes use per person, in whole kWh (but counted in 0.1 µWh)."""

    homes: int
    likeness: Likeness
    mean_tenth_uwh: int
    frugal_tenth_uwh: int | None
    """The mean of the most frugal quarter, but at least of `FEWEST_HOMES`; None if it would leave
    fewer than that."""


def per_person_tenth_uwh(energies: Mapping[int, int], inhabitants: Mapping[int, int]) -> float:
    """Energy per person in 0.1 µWh over days: each day's by those who lived there on that day.

    Both are keyed by the same days.
    """
    return sum(energy / inhabitants[day] for day, energy in energies.items())


def neighbours(
    others: Sequence[Home], inhabitants: int, flat_size_m2: float | None
) -> Neighbours | None:
    """What the homes use that are similar to one of so many people and m².

    None if there are fewer than `FEWEST_HOMES`.
    """
    if len(others) < FEWEST_HOMES:
        return None
    likeness, alike = similar(others, inhabitants, flat_size_m2)
    values = sorted(home.per_person_tenth_uwh for home in alike)
    frugal = None
    if len(values) >= 2 * FEWEST_HOMES:
        frugal = _mean_in_whole_kwh(values[: max(FEWEST_HOMES, len(values) // 4)])
    return Neighbours(len(values), likeness, _mean_in_whole_kwh(values), frugal)


def similar(
    others: Sequence[Home], inhabitants: int, flat_size_m2: float | None
) -> tuple[Likeness, list[Home]]:
    """The others who are like a home of so many people and m², or all of them.

    Each resident is shown a cell, or a half of one by flat size.
    """
    parted = cells(others)
    cell = next((cell for cell in parted if inhabitants <= cell[-1].inhabitants), parted[-1])
    likeness = Likeness.HOUSEHOLD_SIZE if len(parted) > 1 else Likeness.HOUSE
    sizes = sorted(home.flat_size_m2 for home in cell if home.flat_size_m2 is not None)
    if flat_size_m2 is None or len(sizes) < len(cell):
        return likeness, cell
    middle_m2 = sizes[len(sizes) // 2]
    smaller = [home for home in cell if (home.flat_size_m2 or 0) < middle_m2]
    larger = [home for home in cell if (home.flat_size_m2 or 0) >= middle_m2]
    # Halves that are too small for a frugal quarter would be too high a price.
    if min(len(smaller), len(larger)) < 2 * FEWEST_HOMES:
        return likeness, cell
    return Likeness.HOUSEHOLD_AND_FLAT_SIZE, smaller if flat_size_m2 < middle_m2 else larger


def cells(others: Iterable[Home]) -> list[list[Home]]:
    """Homes parted by household size, neighbouring sizes together until `FEWEST_HOMES` are.

    This is k-anonymity by generalisation (LeFevre, DeWitt and Ramakrishnan, "Mondrian", 2006) in
    one dimension. The parts don't overlap and don't depend on who asks for what.
    """
    parted: list[list[Home]] = [[]]
    for _, same in groupby(sorted(others, key=_household_size), key=_household_size):
        if len(parted[-1]) >= FEWEST_HOMES:
            parted.append([])
        parted[-1] += same
    if len(parted) > 1 and len(parted[-1]) < FEWEST_HOMES:
        rest = parted.pop()
        parted[-1] += rest
    return parted


def percent_more(own: float, reference: float) -> int | None:
    """By how many percent a home used more, negative for less; None if the reference is 0."""
    return round(100 * (own - reference) / reference) if reference > 0 else None


def judged(percent: int, *, own: float, frugal: float | None = None) -> Judgement:
    """The judgement of a home by how many percent more it used than usual.

    GREAT is who uses no more than the frugal; if nobody may know what they use, clearly less than
    usual.
    """
    is_great = percent <= CLEARLY_LESS_PERCENT if frugal is None else own <= frugal
    if is_great and percent <= 0:
        return Judgement.GREAT
    return Judgement.GOOD if percent <= 0 else Judgement.MORE_THAN_USUAL


def _household_size(home: Home) -> int:
    return home.inhabitants


def _mean_in_whole_kwh(values: Sequence[float]) -> int:
    """Rounded, so that what a home used can't be computed exactly when it comes or goes."""
    return round(sum(values) / len(values) / TENTH_UWH_PER_KWH) * TENTH_UWH_PER_KWH
