"""Numbers and times as people read them: in their language, in the community's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import dates, numbers
from flask import Flask

from broker import units
from broker.api import languages
from broker.api.session import settings

NO_BREAK = "\N{NO-BREAK SPACE}"
NO_VALUE = "–"
SHORT = "#,##0.##"
STYLES = {"day": "full", "date": "long", "month": "LLLL y", "year": "y"}
NARROW = {"weekday": "ccc", "day_of_month": "d", "initial": "LLLLL"}
"""Patterns for the labels of an axis, where there is little room."""


def register(app: Flask) -> None:
    """Gives templates the filters of this module."""
    app.jinja_env.filters.update(
        energy=lambda value, short=False: energy(value, languages.chosen(), short),
        power=lambda value, short=False: power(value, languages.chosen(), short),
        amount=lambda value, unit: amount(value, unit, languages.chosen()),
        money=lambda micros: money(micros, settings().currency, languages.chosen()),
        co2=lambda mass_mg: co2(mass_mg, languages.chosen()),
        percent=lambda ratio: percent(ratio, languages.chosen()),
        decimal=lambda value: numbers.format_decimal(value, "#,##0.#", languages.chosen()),
        saved=lambda percent: saved(percent, languages.chosen()),
        counter=lambda value: counter(value, languages.chosen()),
        time_of_day=lambda time_s: time_of_day(time_s, zone()),
        written=lambda time_s, style: written(time_s, style, zone(), languages.chosen()),
        day=lambda day: written_day(day, languages.chosen()),
        seconds=seconds,
        iso=lambda time_s: datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def zone() -> ZoneInfo:
    """The community's time zone."""
    return settings().timezone


@lru_cache(maxsize=4096)
def energy(energy_tenth_uwh: float | None, language: str, short: bool = False) -> str:
    """Energy in kWh: two decimals below 10, one below 1000, then none; `short` drops zeros."""
    if energy_tenth_uwh is None:
        return NO_VALUE
    kwh = units.kwh_from(energy_tenth_uwh)
    pattern = "#,##0.00" if abs(kwh) < 9.995 else "#,##0.0" if abs(kwh) < 999.95 else "#,##0"
    return _number(kwh, SHORT if short else pattern, language) + "kWh"


@lru_cache(maxsize=4096)
def power(power_mw: float | None, language: str, short: bool = False) -> str:
    """Power in W, from 1000 W on in kW with two decimals; `short` drops zeros."""
    if power_mw is None:
        return NO_VALUE
    watts = units.w_from_mw(power_mw)
    if abs(watts) < 999.5:
        return _number(watts, "#,##0", language) + "W"
    return _number(watts / 1000, SHORT if short else "#,##0.00", language) + "kW"


def amount(value: float, unit: str, language: str) -> str:
    """What a challenge measures, in its own unit: kWh, W or %."""
    if unit == "kWh":
        return energy(units.tenth_uwh_from_kwh(value), language)
    if unit == "W":
        return power(units.mw_from_w(value), language)
    return _number(value, "#,##0.0", language) + unit


def money(micros: int, currency: str, language: str) -> str:
    """An amount with the digits that its currency has."""
    amount = units.units_from_micros(micros)
    return numbers.format_currency(amount, currency, locale=language)


def co2(mass_mg: int, language: str) -> str:
    """CO2 in g, from 1000 g on in kg with one decimal."""
    grams = mass_mg / units.MG_PER_G
    if abs(grams) < 999.5:
        return _number(grams, "#,##0", language) + "g"
    return _number(grams / 1000, "#,##0.0", language) + "kg"


def percent(ratio: float | None, language: str) -> str:
    """A part of a whole in percent; what isn't quite all of it never looks as if it were."""
    if ratio is None:
        return NO_VALUE
    return numbers.format_percent(0.99 if 0.99 < ratio < 1 else ratio, locale=language)


def saved(percent: float, language: str) -> str:
    """How many percent are saved, with the sign: negative for what is used beyond."""
    return _number(percent, "+0.0;−0.0", language) + "%"


def counter(energy_tenth_uwh: int, language: str) -> str:
    """What a meter displays, in kWh with two decimals."""
    return _number(units.kwh_from(energy_tenth_uwh), "#,##0.00", language) + "kWh"


def _number(value: float, pattern: str, language: str) -> str:
    return numbers.format_decimal(value, pattern, language) + NO_BREAK


def time_of_day(time_s: int, zone: ZoneInfo) -> str:
    """Hours and minutes by the community's clock, 00:00 to 23:59 in every language."""
    return datetime.fromtimestamp(time_s, zone).strftime("%H:%M")


@lru_cache(maxsize=4096)
def written(time_s: int, style: str, zone: ZoneInfo, language: str) -> str:
    """A local date in words; `style` is a key of STYLES or NARROW."""
    day = datetime.fromtimestamp(time_s, zone).date()
    return dates.format_date(day, (STYLES | NARROW)[style], locale=language)


def written_day(day: date | str, language: str) -> str:
    """A date, or its ISO form, in words."""
    if isinstance(day, str):
        day = date.fromisoformat(day)
    return dates.format_date(day, STYLES["date"], locale=language)


@lru_cache(maxsize=65_536)
def seconds(written_utc: str) -> int:
    """The POSIX second of a JSON key, `YYYY-MM-DD HH:MM:SS` in UTC."""
    return int(datetime.fromisoformat(written_utc).replace(tzinfo=UTC).timestamp())
