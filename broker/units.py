"""Conversions between the units of meters, the database and people.

Energy is counted in 1e-10 kWh = 0.1 µWh everywhere inside Broker ("tenth_uwh"), power in mW,
time in POSIX seconds. This is the only module that multiplies by powers of ten.
"""

from __future__ import annotations

from decimal import Decimal

TENTH_UWH_PER_KWH = 10**10
TENTH_UWH_PER_WH = 10**7
MW_PER_W = 1000
UW_PER_MW = 1000
MG_PER_G = 1000
MICROS_PER_UNIT = 1_000_000
"""Money is counted in millionths of the currency's unit, per kWh or as a sum."""
MICROS_PER_HUNDREDTH = 10_000
"""A cent, or whatever a hundredth of the currency is called; per kWh it is 10 per MWh."""
MICROS_PER_KWH_PER_UNIT_PER_MWH = 1000
ALL_PPM = 1_000_000
"""A whole, in parts per million."""
PPM_PER_PERCENT = 10_000

MS_PER_S = 1000
MINUTE_S = 60
QUARTER_HOUR_S = 900
HOUR_S = 3600
DAY_S = 86_400

EIGHTEENTHS_PER_TRAPEZOID_MWS = 25
"""A trapezoid (p0 + p1) · dt in mW·s holds half that energy; 1 mW·s is 25/9 · 0.1 µWh, so the
trapezoid is exactly 25/18 · 0.1 µWh for every mW·s of (p0 + p1) · dt."""


TENTH_UWH_PER_MW_QUARTER_HOUR = 2500
"""0.1 µWh in 900 s are 4e-4 mW, so 1 mW during a quarter hour is 2500 · 0.1 µWh."""


LARGEST = 10**15
"""In its small unit nothing that is typed is larger; all databases' integers can hold it."""


def whole(text: str, per_unit: int) -> int:
    """A decimal number, exactly, in a unit of which there are `per_unit`.

    Raises ValueError for what is no sensible number, and for one that is finer than that.
    """
    try:
        exact = Decimal(text) * per_unit
        is_sensible = abs(exact) < LARGEST
    except ArithmeticError:
        is_sensible = False
    if not is_sensible:
        raise ValueError(f"{text!r} is not a number such as 12.5.")
    if exact != int(exact):
        raise ValueError(f"{text!r} is finer than can be stored.")
    return int(exact)


def kwh_from(energy_tenth_uwh: float) -> float:
    """Energy in kWh."""
    return energy_tenth_uwh / TENTH_UWH_PER_KWH


def tenth_uwh_from_kwh(energy_kwh: float | Decimal) -> int:
    """Energy in 0.1 µWh, rounded to the nearest whole one; exact for a Decimal."""
    return round(energy_kwh * TENTH_UWH_PER_KWH)


def tenth_uwh_from_wh(energy_wh: float | Decimal) -> int:
    """Energy in 0.1 µWh, rounded to the nearest whole one; exact for a Decimal."""
    return round(energy_wh * TENTH_UWH_PER_WH)


def mw_from_w(power_w: float | Decimal) -> int:
    """Power in mW, rounded to the nearest whole one."""
    return round(power_w * MW_PER_W)


def w_from_mw(power_mw: float) -> float:
    """Power in W."""
    return power_mw / MW_PER_W


def mg_from_g(mass_g: Decimal) -> int:
    """Mass in mg, rounded to the nearest whole one."""
    return round(mass_g * MG_PER_G)


def units_from_micros(micros: int) -> Decimal:
    """Money in the currency's own unit."""
    return Decimal(micros) / MICROS_PER_UNIT


def uw_from_mw(power_mw: float) -> int:
    """Power in µW, the unit of the live view."""
    return round(power_mw * UW_PER_MW)


def mean_power_mw(energy_tenth_uwh: int, duration_s: int) -> float:
    """Mean power in mW of an energy in 0.1 µWh spread over a time in s.

    1e-10 kWh per second is 0.36 mW. One division of integers, so that the mean times the duration
    gives the energy back to the last bit a float can hold.
    """
    return energy_tenth_uwh * 9 / (duration_s * 25)


def energy_limit_tenth_uwh(power_w: int, duration_s: int) -> int:
    """The most energy in 0.1 µWh that a power in W delivers in a time in s."""
    return power_w * MW_PER_W * duration_s * 25 // 9
